//! Notices and the menu.

use crate::site::Site;
use jmessage_gateway::webim::MenuLink;
use serde_json::{Value, json};

/// A site with this menu, as every page is told.
async fn menu(links: &[(&str, &str, &str)]) -> anyhow::Result<Value> {
    let links = links.iter().map(|(title, icon, link)| MenuLink {
        title: (*title).to_owned(),
        icon: (*icon).to_owned(),
        link: (*link).to_owned(),
    });
    let links = links.collect();
    let site = Site::start_with(|options| options.menu = links).await?;
    let page = site.page("alice001").await?;
    page.get("menu", &[]).await
}

rows! {
    async fn a_notice_has_a_text("notification.text") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        assert_eq!(page.get("notification", &[]).await?, json!([]));
        site.notify("alice001", "Susan wants to be friends with you.", "http://test.com/s?id=5").await?;
        site.notify("bobby001", "Not for alice001.", "").await?;
        let expected =
            json!([{ "text": "Susan wants to be friends with you.", "link": "http://test.com/s?id=5" }]);
        assert_eq!(page.get("notification", &[]).await?, expected);
        assert_eq!(
            page.get("notifications", &[]).await?,
            expected,
            "newer libraries have another name for it"
        );
    }

    async fn a_notice_has_a_link("notification.link") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        for link in ["http://test.com/s?id=5", "/s?id=5", ""] {
            site.notify("alice001", "News.", link).await?;
            assert_eq!(page.get("notification", &[]).await?[0]["link"], link, "the newest is the first");
        }
    }

    async fn a_link_of_the_menu_has_a_title("menu.title") {
        let blog =
            [("博客", "blog.gif", "http://test.com/blog"), ("相册", "album.gif", "http://test.com/album")];
        let menu = menu(&blog).await?;
        assert_eq!((&menu[0]["title"], &menu[1]["title"]), (&json!("博客"), &json!("相册")));
    }

    async fn a_link_of_the_menu_has_an_icon("menu.icon") {
        assert_eq!(menu(&[("博客", "blog.gif", "/blog")]).await?[0]["icon"], "blog.gif");
    }

    async fn a_link_of_the_menu_leads_somewhere("menu.link") {
        let links = [("博客", "blog.gif", "http://test.com/blog"), ("evil", "", "javascript:alert(1)")];
        let expected = json!([{ "title": "博客", "icon": "blog.gif", "link": "http://test.com/blog" }]);
        assert_eq!(menu(&links).await?, expected, "what is no address is left out");
    }
}
