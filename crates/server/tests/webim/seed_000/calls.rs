//! The ends of a page.

use crate::site::{Site, at_once};

rows! {
    async fn a_page_that_goes_offline_is_gone_and_its_user_with_it("offline") {
        let site = Site::start().await?;
        let susan = site.page_with("bobby001", &[("buddy_ids", "alice001")]).await?;
        let jack = site.page("alice001").await?;
        susan.presence("online", "alice001").await?;
        jack.done("offline", &[("domain", "www.uchome.com"), ("server", "http://nextalk.im:8000/packets")])
            .await?;
        susan.presence("offline", "alice001").await?;
        assert_eq!(susan.buddy("alice001").await?["presence"], "offline");
        assert!(jack.is_gone().await?);
    }

    async fn a_page_that_is_loaded_anew_is_gone_and_its_user_stays("refresh") {
        let site = Site::start().await?;
        let susan = site.page_with("bobby001", &[("buddy_ids", "alice001")]).await?;
        let jack = site.page("alice001").await?;
        jack.done("refresh", &[]).await?;
        assert!(jack.is_gone().await?);
        assert_eq!(susan.buddy("alice001").await?["presence"], "online");
        let again = jack.again().await?;
        again.done("deactivate", &[]).await?;
        assert!(again.is_gone().await?, "newer libraries have another name for it");
    }
}

/// Beyond the rows: who does not come back is gone after a while.
#[tokio::test]
async fn whoever_does_not_come_back_is_offline() -> anyhow::Result<()> {
    let site = Site::start_with(at_once).await?;
    let susan = site.page_with("bobby001", &[("buddy_ids", "alice001")]).await?;
    let jack = site.page("alice001").await?;
    susan.presence("online", "alice001").await?;
    jack.done("refresh", &[]).await?;
    susan.presence("offline", "alice001").await?;
    Ok(())
}
