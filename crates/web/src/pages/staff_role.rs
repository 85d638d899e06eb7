//! More roles on an account, and fewer. The gate judges each act again.

use access::{AccessError, Role};
use axum::extract::Path;

use crate::gate::{Posted, Visit, done, mend, percent};
use crate::pages::staff::{another, manage_page, roles_of};
use crate::problem::Answer;
use crate::shell::Done;
use crate::text::t;

/// `POST /cuentas/{usuario}/funciones`: one more role at a facility.
pub async fn add(visit: Visit, Path(user): Path<String>, Posted(mut form): Posted) -> Answer {
    let info = another(&visit, &user).await?;
    let (cx, accounts) = (visit.cx()?, visit.state.access.accounts());
    let place = form.required("donde", 64, t("nueva-lugar-falta"));
    let role = Role::from_code(form.get("rol")).filter(|role| roles_of(cx.role).contains(role));
    if role.is_none() {
        form.error("rol", t("nueva-rol-falta"));
    }
    if let (true, Some(role)) = (form.ok(), role) {
        match accounts.add_role(cx, &user, role, &place).await {
            Ok(_) => return done(&visit, &format!("/cuentas/{}", percent(&user)), Done::RoleGiven),
            Err(AccessError::Rule(_)) => form.error("rol", t("funciones-ya")),
            Err(AccessError::Forbidden { .. } | AccessError::NotFound { .. }) => {
                form.error("donde", t("nueva-no-puede"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    mend(&manage_page(&visit, &info, form).await?)
}

/// `POST /cuentas/{usuario}/funciones/terminar`: ends one of several.
pub async fn end(visit: Visit, Path(user): Path<String>, Posted(mut form): Posted) -> Answer {
    let info = another(&visit, &user).await?;
    let role = form.required("termina", 64, t("funciones-falta"));
    if form.ok() {
        match visit.state.access.accounts().end_role(visit.cx()?, &user, &role).await {
            Ok(()) => return done(&visit, &format!("/cuentas/{}", percent(&user)), Done::RoleEnded),
            Err(AccessError::Rule(_)) => form.error("termina", t("funciones-unica")),
            // It has ended already.
            Err(AccessError::NotFound { .. }) => form.error("termina", t("funciones-falta")),
            Err(error) => return Err(error.into()),
        }
    }
    mend(&manage_page(&visit, &info, form).await?)
}
