//! The agreements between institutions follow the log: rebuilt equals live.

use access::{Access, Sharing};
use store::{Change, Expect, Key, Write};
use testkit::World;

#[tokio::test]
async fn the_agreements_rebuilt_equal_those_that_lived() {
    let world = World::new().await;
    let system = world.system();
    let same = async |reaches: bool| {
        let lived = world.access.sharing().await.unwrap();
        let rebuilt = Access::new(world.store().clone(), Vec::new()).sharing().await.unwrap();
        assert_eq!(lived, rebuilt, "rebuilt equals live");
        assert_eq!(lived.reaches("MSPAS", "IGSS", system.now), reaches);
    };
    same(false).await;
    world.agree().await;
    same(true).await;
    let mut suspended = Sharing::consent("IGSS", "MSPAS", "2026-01-01");
    suspended.set("id", "convenio-igss");
    let active = suspended.clone();
    suspended.set("status", "inactive");
    world.update(&system, &suspended).await.unwrap();
    same(false).await;
    world.update(&system, &active).await.unwrap();
    same(true).await;
    let key = Key::new("Consent", "convenio-mspas");
    world.change(&system, "delete", Change { key, expect: Expect::Any, write: Write::Delete }).await.unwrap();
    same(false).await;
}
