//! The page's user, and where it polls.

use crate::site::{DOMAIN, MOUNT, Site};
use serde_json::json;

rows! {
    async fn the_domain_of_a_connection_is_the_mounts("connection.domain") {
        let site = Site::start().await?;
        assert_eq!(site.page("alice001").await?.told["connection"]["domain"], DOMAIN);
    }

    async fn the_ticket_of_a_connection_is_what_polls("connection.ticket") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        site.page("bobby001").await?.say("alice001", "Hello.").await?;
        assert_eq!(page.hear(1).await?, ["Hello."]);
        assert_eq!(site.ask("packets").with(&[("ticket", "x")]).get().await?.status, 400);
    }

    async fn the_server_of_a_connection_is_the_whole_address_of_the_poll("connection.server") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        assert_eq!(page.told["connection"]["server"], format!("{}{MOUNT}/packets", site.url()));
    }

    async fn the_id_of_a_user_is_its_username("userInfo.id") {
        let site = Site::start().await?;
        assert_eq!(site.page("alice001").await?.told["user"]["id"], "alice001");
    }

    async fn the_nick_of_a_user_is_its_nickname("userInfo.nick") {
        let site = Site::start().await?;
        assert_eq!(site.page("alice001").await?.told["user"]["nick"], "alice001");
        site.dress("bobby001", "Jack 杰克").await?;
        assert_eq!(site.page("bobby001").await?.told["user"]["nick"], "Jack 杰克");
    }

    async fn the_picture_of_a_user_is_where_its_site_has_it("userInfo.pic_url") {
        let site = Site::start_dressed().await?;
        site.dress("alice001", "Jack").await?;
        assert_eq!(site.page("alice001").await?.told["user"]["pic_url"], "/avatar/a/b.png");
        assert_eq!(site.page("bobby001").await?.told["user"]["pic_url"], json!(null), "it has none");
    }

    async fn the_default_picture_of_a_user_is_the_sites("userInfo.default_pic_url") {
        let site = Site::start_dressed().await?;
        assert_eq!(site.page("alice001").await?.told["user"]["default_pic_url"], "/default.gif");
    }

    async fn the_url_of_a_user_is_its_page_of_the_site("userInfo.url") {
        let site = Site::start_dressed().await?;
        assert_eq!(site.page("alice001").await?.told["user"]["url"], "space.php?uid=alice001");
    }

    async fn the_status_of_a_user_is_what_it_says_of_itself("userInfo.status") {
        let site = Site::start().await?;
        site.dress("alice001", "Jack").await?;
        assert_eq!(site.page("alice001").await?.told["user"]["status"], "I'm free.");
        let page = site.page_with("alice001", &[("status", "I'm busy.")]).await?;
        assert_eq!(page.told["user"]["status"], "I'm busy.", "this time");
    }

    async fn the_show_of_a_user_is_what_it_chose("userInfo.show") {
        let site = Site::start().await?;
        assert_eq!(site.page("alice001").await?.told["user"]["show"], "available");
        for show in ["available", "away", "chat", "dnd", "invisible"] {
            let page = site.page_with("alice001", &[("show", show)]).await?;
            assert_eq!(page.told["user"]["show"], show);
        }
    }

    async fn the_status_time_of_a_user_is_hours_and_minutes("userInfo.status_time") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        let time = page.told["user"]["status_time"].as_str().unwrap_or_default();
        let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        assert!(
            time.split_once(':').is_some_and(|(hours, minutes)| digits(hours) && digits(minutes)),
            "{time}"
        );
    }
}
