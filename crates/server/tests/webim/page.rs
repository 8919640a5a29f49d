//! A page with the JavaScript library: it logs in, calls, and polls.

use anyhow::{Context, Result, ensure};
use form_urlencoded::Serializer;
use jmessage_testkit::{Answer, PATIENCE, request};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::Instant};

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// Parameters as forms and addresses write them.
pub(crate) fn encoded(parameters: &[(String, String)]) -> String {
    Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// Names and values of a request.
pub(crate) type Parameters<'a> = &'a [(&'a str, &'a str)];

/// One request.
#[derive(Clone)]
pub(crate) struct Asking<'a> {
    url: &'a str,
    mount: &'a str,
    call: &'a str,
    parameters: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(url: &'a str, mount: &'a str, call: &'a str) -> Self {
        Self { url, mount, call, parameters: Vec::new(), headers: Vec::new() }
    }

    /// With these parameters.
    pub(crate) fn with(mut self, parameters: &[(&str, &str)]) -> Self {
        let owned = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.parameters.extend(owned);
        self
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As a page of this server sends it.
    pub(crate) fn on_this_site(self) -> Self {
        let referer = format!("{}/index.html", self.url);
        self.header("Referer", &referer)
    }

    /// At another mount.
    pub(crate) fn at(self, mount: &'a str) -> Self {
        Self { mount, ..self }
    }

    fn path(&self) -> String {
        format!("{}/{}", self.mount, self.call)
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// As XHR of the same site posts a form.
    pub(crate) async fn post(self) -> Result<Answer> {
        let body = encoded(&self.parameters);
        self.post_body("application/x-www-form-urlencoded; charset=UTF-8", body.as_bytes()).await
    }

    /// Any body of any type.
    pub(crate) async fn post_body(self, content_type: &str, body: &[u8]) -> Result<Answer> {
        let length = body.len().to_string();
        let mut headers = self.headers();
        headers.extend([("Content-Type", content_type), ("Content-Length", &length)]);
        request(self.url, "POST", &self.path(), &headers, body).await
    }

    /// As XHR gets, with its breaker of caches.
    pub(crate) async fn get(self) -> Result<Answer> {
        let path = self.address();
        request(self.url, "GET", &path, &self.headers(), &[]).await
    }

    /// The path and query of a GET.
    pub(crate) fn address(&self) -> String {
        let breaker = [("_".to_owned(), now().to_string())];
        format!("{}?{}", self.path(), encoded(&[self.parameters.as_slice(), &breaker].concat()))
    }

    /// As a script of another site's page, which calls a function with the answer: its status, and what the function is given.
    pub(crate) async fn jsonp(self) -> Result<(u16, Value)> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let callback = format!("jsonp{}", now() + LAST.fetch_add(1, Ordering::Relaxed));
        let answer = self.with(&[("callback", &callback)]).get().await?;
        let kind = answer.header("content-type").unwrap_or_default();
        ensure!(kind == "application/javascript; charset=utf-8", "a script is of type {kind}");
        Ok((answer.status, called(&answer, &callback)?))
    }
}

/// What a script gives the page's function.
fn called(answer: &Answer, callback: &str) -> Result<Value> {
    let script = std::str::from_utf8(&answer.body)?;
    let argument = script.strip_prefix(&format!("/**/{callback}(")).and_then(|rest| rest.strip_suffix(");"));
    Ok(serde_json::from_str(argument.with_context(|| format!("not a call of {callback}: {script}"))?)?)
}

/// A page that is online.
pub(crate) struct Page {
    url: String,
    mount: String,
    pub(crate) ticket: String,
    /// What the browser keeps, as it sends it.
    pub(crate) cookie: String,
    /// What `online` answered.
    pub(crate) told: Value,
}

impl Page {
    /// Goes online with whatever these parameters prove.
    pub(crate) async fn begin(url: &str, mount: &str, parameters: &[(&str, &str)]) -> Result<Self> {
        Self::of(url, mount, Asking::new(url, mount, "online").with(parameters).with(&[("csrf_token", "")]))
            .await
    }

    async fn of(url: &str, mount: &str, asking: Asking<'_>) -> Result<Self> {
        let answer = asking.post().await?;
        let told = answer.json()?;
        ensure!(answer.status == 200, "online answers {}: {told}", answer.status);
        let ticket = told["connection"]["ticket"].as_str().with_context(|| format!("not online: {told}"))?;
        let cookie = answer.header("set-cookie").context("online sets a cookie")?;
        Ok(Self {
            url: url.to_owned(),
            mount: mount.to_owned(),
            ticket: ticket.to_owned(),
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
            told,
        })
    }

    /// A page that a site has begun, as far as it polls.
    pub(crate) fn of_site(url: &str, mount: &str, ticket: &str, domain: &str) -> Self {
        Self {
            url: url.to_owned(),
            mount: mount.to_owned(),
            ticket: ticket.to_owned(),
            cookie: String::new(),
            told: json!({ "connection": { "domain": domain } }),
        }
    }

    /// The same page, loaded anew without a word: as after a crash.
    pub(crate) async fn again(&self) -> Result<Self> {
        self.again_with(&[]).await
    }

    pub(crate) async fn again_with(&self, more: &[(&str, &str)]) -> Result<Self> {
        let asking = Asking::new(&self.url, &self.mount, "online").with(&[("csrf_token", "")]).with(more);
        Self::of(&self.url, &self.mount, asking.header("Cookie", &self.cookie).on_this_site()).await
    }

    /// The same page, loaded anew as the library does it.
    pub(crate) async fn reload(&self) -> Result<Self> {
        self.done("refresh", &[]).await?;
        self.again().await
    }

    /// The browser, after the server was moved.
    pub(crate) fn moved_to(self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self }
    }

    /// A request with the page's ticket.
    pub(crate) fn ask<'a>(&'a self, call: &'a str, parameters: &[(&str, &str)]) -> Asking<'a> {
        Asking::new(&self.url, &self.mount, call).with(&[("ticket", &self.ticket)]).with(parameters)
    }

    /// A request with the browser's cookie alone.
    pub(crate) fn ask_by_cookie<'a>(&'a self, call: &'a str, parameters: &[(&str, &str)]) -> Asking<'a> {
        Asking::new(&self.url, &self.mount, call).with(parameters).header("Cookie", &self.cookie)
    }

    /// Posts what must be done: the answer is `ok`.
    pub(crate) async fn done(&self, call: &str, parameters: &[(&str, &str)]) -> Result<()> {
        let answer = self.post(call, parameters).await?;
        let value = answer.json()?;
        ensure!((answer.status, &value) == (200, &json!("ok")), "{call} answers {}: {value}", answer.status);
        Ok(())
    }

    /// Posts as the library does.
    pub(crate) async fn post(&self, call: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
        self.ask(call, parameters).with(&[("csrf_token", "")]).post().await
    }

    /// Posts something with an answer of its own.
    pub(crate) async fn make(&self, call: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        good(call, &self.post(call, parameters).await?)
    }

    /// Gets what must be there.
    pub(crate) async fn get(&self, call: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        good(call, &self.ask(call, parameters).get().await?)
    }

    /// Says something to a user, or in a room.
    pub(crate) async fn say(&self, to: &str, body: &str) -> Result<()> {
        let kind = if to.starts_with('_') { "grpchat" } else { "chat" };
        self.done("message", &[("type", kind), ("offline", "false"), ("to", to), ("body", body)]).await
    }

    fn asking_packets(&self) -> Asking<'_> {
        self.ask("packets", &[("domain", self.told["connection"]["domain"].as_str().unwrap_or_default())])
    }

    /// One poll.
    pub(crate) async fn poll(&self) -> Result<Value> {
        let packets = good("packets", &self.asking_packets().get().await?)?;
        ensure!(packets["status"] == "ok", "packets without status: {packets}");
        Ok(packets)
    }

    /// A poll with a ticket that is none any more.
    pub(crate) async fn is_gone(&self) -> Result<bool> {
        let answer = self.asking_packets().get().await?;
        Ok(answer.status == 400 && answer.json()?["status"] == "error")
    }

    /// A poll whose connection the page cuts before it is answered.
    pub(crate) async fn cut_poll(&self) -> Result<()> {
        let host = self.url.strip_prefix("http://").context("a URL")?;
        let mut stream = TcpStream::connect(host).await?;
        let head = format!("GET {} HTTP/1.1\r\nHost: {host}\r\n\r\n", self.asking_packets().address());
        stream.write_all(head.as_bytes()).await?;
        Ok(())
    }

    /// Polls until something of this kind has come, and returns it; what else comes is passed over.
    pub(crate) async fn next(&self, kind: &str) -> Result<Vec<Value>> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let items = list(&self.poll().await?[kind]);
            if !items.is_empty() {
                return Ok(items);
            }
        }
        anyhow::bail!("no {kind} came")
    }

    /// The next messages.
    pub(crate) async fn messages(&self) -> Result<Vec<Value>> {
        self.next("messages").await
    }

    /// The bodies of the next `count` messages.
    pub(crate) async fn hear(&self, count: usize) -> Result<Vec<String>> {
        let mut heard = Vec::new();
        while heard.len() < count {
            heard.extend(bodies(&self.messages().await?));
        }
        Ok(heard)
    }

    /// Polls until a presence of this type and of this user comes.
    pub(crate) async fn presence(&self, kind: &str, from: &str) -> Result<Value> {
        loop {
            let presences = self.next("presences").await?;
            let found = presences.into_iter().find(|packet| packet["type"] == kind && packet["from"] == from);
            if let Some(packet) = found {
                return Ok(packet);
            }
        }
    }

    /// Somebody of the page's contacts, as it is shown at the moment.
    pub(crate) async fn buddy(&self, id: &str) -> Result<Value> {
        only(&self.get("buddies", &[("ids", id)]).await?)
    }

    /// A room as it is shown at the moment.
    pub(crate) async fn room(&self, id: &str) -> Result<Value> {
        only(&self.get("rooms", &[("ids", id)]).await?)
    }

    /// What was said with a user or in a room.
    pub(crate) async fn history(&self, id: &str) -> Result<Vec<Value>> {
        let kind = if id.starts_with('_') { "grpchat" } else { "chat" };
        Ok(list(&self.get("history", &[("id", id), ("type", kind)]).await?))
    }
}

fn good(call: &str, answer: &Answer) -> Result<Value> {
    let value = answer.json()?;
    ensure!(answer.status == 200, "{call} answers {}: {value}", answer.status);
    Ok(value)
}

/// The one item of a list.
pub(crate) fn only(value: &Value) -> Result<Value> {
    let mut items = list(value);
    ensure!(items.len() == 1, "not one: {value}");
    items.pop().context("none")
}

pub(crate) fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// What messages say.
pub(crate) fn bodies(messages: &[Value]) -> Vec<String> {
    messages.iter().filter_map(|message| message["body"].as_str().map(str::to_owned)).collect()
}

/// One item with this id.
pub(crate) fn of_id(items: &Value, id: &str) -> Result<Value> {
    let found = list(items).into_iter().find(|item| item["id"] == id);
    found.with_context(|| format!("{id} is not among {items}"))
}

/// How long a test looks whether something that should wait does.
pub(crate) const A_WHILE: Duration = Duration::from_millis(300);
