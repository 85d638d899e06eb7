//! Serves the pages over a throw-away world with one nurse and one person, to look at them while
//! they are made: `cargo run -p web --example preview -- 127.0.0.1:8090`, user and password `preview la-milpa-crece`.

use access::{NewUser, Role};
use testkit::{POST, World};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8090".to_owned());
    let world = World::new().await;
    let nurse = NewUser {
        user: "preview".to_owned(),
        name: "Ixmucané Cucul".to_owned(),
        roles: vec![(Role::Nurse, POST.to_owned()), (Role::Doctor, POST.to_owned())],
        password: Some("la-milpa-crece".to_owned()),
        ..NewUser::default()
    };
    world.access.accounts().create_user(&world.system(), nurse).await.map_err(std::io::Error::other)?;
    world.person(&world.nurse("Ixmucané"), "rosa", "Tzub Caal").await;
    let state = web::State { access: world.access.clone(), demo: true, https: false, behind_proxy: false };
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, web::router(state)).await
}
