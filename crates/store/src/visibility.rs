//! A [`Visibility`] as SQL over the `resource` table.

use crate::Visibility;
use crate::sql::Statement;

/// Adds the condition that the row `alias` of `resource` may be seen. It is always one closed
/// expression, so it can stand after `AND`.
pub(crate) fn condition(visibility: &Visibility, alias: &str, out: &mut Statement) {
    add(visibility, alias, None, out);
}

/// The same for one version, the row `l` of `log`, of the resource in the row `r`: what is seen by
/// a share alone is seen as it was when the share began, and since.
pub(crate) fn version_condition(visibility: &Visibility, out: &mut Statement) {
    add(visibility, "r", Some(SINCE_SENT), out);
}

/// The version `l` was not replaced before the share `v` was written: before the first version of
/// the resource that shares (`s`) from the share's beginning on. What one commit writes has one
/// time, so a draft that the sending replaced is before it.
const SINCE_SENT: &str = " AND NOT EXISTS (SELECT 1 FROM log n WHERE n.type = l.type AND n.id = l.id \
    AND n.version = l.version + 1 AND n.time_us <= (SELECT coalesce(min(s.time_us), v.from_us) FROM log s \
    JOIN resource w ON w.type = s.type AND w.id = s.id WHERE w.rid = v.rid AND s.time_us >= v.from_us))";

fn add(visibility: &Visibility, alias: &str, since: Option<&str>, out: &mut Statement) {
    match visibility {
        Visibility::All => drop(out.push("1 = 1")),
        Visibility::None => drop(out.push("1 = 0")),
        Visibility::And(parts) => join(parts, (" AND ", "1 = 1"), alias, since, out),
        Visibility::Or(parts) => join(parts, (" OR ", "1 = 0"), alias, since, out),
        Visibility::Not(part) => {
            out.push("NOT (");
            add(part, alias, since, out);
            out.push(")");
        }
        Visibility::NoPatient => drop(out.push(&format!("{alias}.patient IS NULL"))),
        Visibility::NoCustodian => drop(out.push(&format!("{alias}.custodian IS NULL"))),
        Visibility::LabelsWithin(mask) => drop(out.push(&format!("({alias}.labels & ")).bind(!mask).push(") = 0")),
        Visibility::TypeIn(types) => one_of("type", types, alias, out),
        Visibility::PatientIs(patients) => one_of("patient", patients, alias, out),
        Visibility::Custodian(code) => one_of("custodian", std::slice::from_ref(code), alias, out),
        Visibility::Key(resource_type, id) => {
            out.push(&format!("({alias}.type = ")).bind(resource_type);
            out.push(&format!(" AND {alias}.id = ")).bind(id).push(")");
        }
        Visibility::PatientReason { grantees, kinds, at } => {
            out.push(&format!("EXISTS (SELECT 1 FROM fact_reason v WHERE v.patient = {alias}.patient"));
            in_force(grantees, ("kind", *kinds), *at, out);
            out.push(")");
        }
        Visibility::Shared { grantees, classes, at } => {
            out.push(&format!(
                "EXISTS (SELECT 1 FROM fact_share v WHERE v.target_type = {alias}.type AND v.target_id = {alias}.id"
            ));
            in_force(grantees, ("class", *classes), *at, out);
            out.push(since.unwrap_or_default()).push(")");
        }
    }
}

/// Never NULL, so that `Not` can turn it around.
fn one_of(column: &str, values: &[String], alias: &str, out: &mut Statement) {
    if values.is_empty() {
        out.push("1 = 0");
        return;
    }
    out.push(&format!("({alias}.{column} IS NOT NULL AND {alias}.{column} IN ")).bind_list(values).push(")");
}

fn in_force(grantees: &[String], (column, bits): (&str, u32), at: i64, out: &mut Statement) {
    out.push(" AND v.grantee IN ").bind_list(grantees);
    out.push(&format!(" AND (v.{column} & ")).bind(bits).push(") <> 0 AND v.from_us <= ").bind(at);
    out.push(" AND v.until_us > ").bind(at);
}

fn join(parts: &[Visibility], (with, empty): (&str, &str), alias: &str, since: Option<&str>, out: &mut Statement) {
    if parts.is_empty() {
        out.push(empty);
        return;
    }
    for (at, part) in parts.iter().enumerate() {
        out.push(if at == 0 { "(" } else { with });
        add(part, alias, since, out);
    }
    out.push(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_shows_nothing_and_no_part_everything() {
        let text = |visibility: &Visibility| {
            let mut statement = Statement::default();
            condition(visibility, "r", &mut statement);
            statement.text
        };
        assert_eq!(text(&Visibility::And(vec![])), "1 = 1");
        assert_eq!(text(&Visibility::Or(vec![])), "1 = 0");
        assert_eq!(text(&Visibility::TypeIn(vec![])), "1 = 0");
        let both = Visibility::And(vec![Visibility::NoPatient, Visibility::LabelsWithin(3)]);
        assert_eq!(text(&both), "(r.patient IS NULL AND (r.labels & ?) = 0)");
    }
}
