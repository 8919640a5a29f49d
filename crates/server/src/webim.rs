//! The settings of the WebIM gateway.

use crate::{ConfigError, Settings};
use jmessage_gateway::webim::{MenuLink, Mount, Options, Sights};
use jmessage_model::AppKey;
use serde::Deserialize;

const MOUNT: &str =
    "webim must be mounts such as /webim=APPKEY or /im=APPKEY@www.example.com#2010, separated by commas";
const MENU: &str =
    r#"webim-menu must be a JSON list such as [{"title":"Blog","icon":"/blog.gif","link":"/blog"}]"#;
const URL: &str = "webim-url must be an address such as https://chat.example.com, without a path";

/// A link of the menu, as it is configured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    title: String,
    #[serde(default)]
    icon: String,
    link: String,
}

/// The options that these settings make.
pub(crate) fn options(given: &Settings, origins: &[String]) -> Result<Options, ConfigError> {
    let mounts = given.webim.as_deref().unwrap_or_default();
    let mounts = mounts.split(',').map(str::trim).filter(|mount| !mount.is_empty());
    let mounts: Vec<_> = mounts.map(mount).collect::<Option<_>>().ok_or(ConfigError::Range(MOUNT))?;
    if (1..mounts.len()).any(|at| mounts[..at].iter().any(|other| other.prefix == mounts[at].prefix)) {
        return Err(ConfigError::Range("webim must not have two mounts of one prefix"));
    }
    if mounts.iter().any(|mount| mount.prefix.split('/').any(|part| part == "v5")) {
        return Err(ConfigError::Range("webim must not have mounts below v5: sites call there"));
    }
    let url = given.webim_url.clone();
    let is_origin = |url: &String| {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        rest.is_some_and(|host| !host.is_empty() && !host.contains('/'))
    };
    if !url.as_ref().is_none_or(is_origin) {
        return Err(ConfigError::Range(URL));
    }
    let menu: Vec<Listed> = match &given.webim_menu {
        Some(menu) => serde_json::from_str(menu).map_err(|_| ConfigError::Range(MENU))?,
        None => Vec::new(),
    };
    let menu = menu.into_iter().map(|Listed { title, icon, link }| MenuLink { title, icon, link });
    Ok(Options {
        mounts,
        url,
        origins: origins.to_vec(),
        sights: Sights {
            picture: given.webim_picture_url.clone(),
            default_picture: given.webim_default_picture_url.clone(),
            user: given.webim_user_url.clone(),
            room_picture: given.webim_room_picture_url.clone(),
            room: given.webim_room_url.clone(),
        },
        menu: menu.collect(),
        ..Options::default()
    })
}

/// `PREFIX=APPKEY`, then maybe `@DOMAIN`, then maybe `#2010`.
fn mount(text: &str) -> Option<Mount> {
    let (prefix, rest) = text.split_once('=')?;
    let (rest, old) = match rest.strip_suffix("#2010") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (app, domain) = match rest.split_once('@') {
        Some((app, domain)) => (app, domain),
        None => (rest, rest),
    };
    let is_part = |part: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        !part.is_empty() && part.chars().all(known) && !part.bytes().all(|byte| byte == b'.')
    };
    let parts = prefix.strip_prefix('/')?;
    let good = parts.split('/').all(is_part) && is_part(domain);
    let mount =
        Mount { prefix: prefix.to_owned(), app: AppKey::new(app).ok()?, domain: domain.to_owned(), old };
    good.then_some(mount)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(webim: &str) -> Result<Vec<Mount>, String> {
        let given = Settings { webim: Some(webim.into()), ..Settings::default() };
        options(&given, &[]).map(|options| options.mounts).map_err(|error| error.to_string())
    }

    #[test]
    fn mounts_name_a_prefix_and_an_app() {
        let mounts = of("/webim=key1, /old/im=key-2@www.uchome.com#2010").unwrap();
        let seen: Vec<_> =
            mounts.iter().map(|m| (m.prefix.as_str(), m.app.as_str(), m.domain.as_str(), m.old)).collect();
        assert_eq!(seen, [("/webim", "key1", "key1", false), ("/old/im", "key-2", "www.uchome.com", true)]);
        assert_eq!(of("").unwrap(), []);
        for bad in [
            "/webim",
            "webim=key",
            "/=key",
            "/a//b=key",
            "/../a=key",
            "/a{b}=key",
            "/a=",
            "/a=k@",
            "/a=k@b/c",
        ] {
            assert_eq!(of(bad), Err(MOUNT.into()), "{bad}");
        }
        assert!(of("/a=k,/a=l").unwrap_err().contains("two mounts"));
        for taken in ["/v5=k", "/im/v5=k", "/v5/im=k"] {
            assert!(of(taken).unwrap_err().contains("below v5"), "{taken}");
        }
    }

    #[test]
    fn a_menu_is_json_and_an_address_has_no_path() {
        let menu = |json: &str| {
            let given = Settings { webim_menu: Some(json.into()), ..Settings::default() };
            options(&given, &[]).map(|options| options.menu.len()).ok()
        };
        assert_eq!(menu(r#"[{"title":"Blog","link":"/blog"}]"#), Some(1));
        assert_eq!(menu("[{}]"), None);
        let url = |url: &str| {
            let given = Settings { webim_url: Some(url.into()), ..Settings::default() };
            options(&given, &[]).is_ok()
        };
        assert!(url("https://chat.example.com:8443"));
        assert!(!url("https://chat.example.com/") && !url("chat.example.com") && !url("https://"));
    }
}
