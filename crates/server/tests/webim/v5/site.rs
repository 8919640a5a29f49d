//! The server of a site: it calls as the published clients do, in PHP or in Python, and has pages that poll.

use crate::{
    page::{Page, encoded, now},
    site::{DOMAIN, Site},
};
use anyhow::{Context, Result, ensure};
use data_encoding::BASE64;
use jmessage_testkit::{Answer, App, PATIENCE, request};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Whose manner of calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// Of the PHP client and the HTTP client beside it: HTTP/1.0, a typed form, `BASIC` in capitals, `version` 5.
    Php,
    /// Of the Python client: HTTP/1.1, a form without a type, `version` v5.
    Python,
}

/// Somebody's browser, as its site knows it.
#[derive(Clone)]
pub(crate) struct Visitor {
    url: String,
    tongue: Tongue,
    domain: String,
    secret: String,
    name: String,
    nick: String,
    pub(crate) ticket: String,
    /// What `presences/online` answered.
    pub(crate) told: Value,
}

/// Parameters of a call.
type Given<'a> = &'a [(&'a str, &'a str)];

impl Visitor {
    /// Somebody of the published App's site, who is not online so far.
    pub(crate) fn new(site: &Site, tongue: Tongue, name: &str) -> Self {
        Self {
            url: site.url().to_owned(),
            tongue,
            domain: DOMAIN.to_owned(),
            secret: App::published().secret().to_owned(),
            name: name.to_owned(),
            nick: format!("Nick {name}"),
            ticket: String::new(),
            told: Value::Null,
        }
    }

    /// The same of another site.
    pub(crate) fn of(self, domain: &str, secret: &str) -> Self {
        Self { domain: domain.to_owned(), secret: secret.to_owned(), ..self }
    }

    pub(crate) fn called(self, nick: &str) -> Self {
        Self { nick: nick.to_owned(), ..self }
    }

    /// After the server was moved.
    pub(crate) fn moved_to(self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self }
    }

    /// Goes online with these contacts and rooms.
    pub(crate) async fn online(self, buddies: &str, rooms: &str) -> Result<Self> {
        self.online_with(&[("buddies", buddies), ("rooms", rooms)]).await
    }

    /// Goes online; what is given comes instead of what the client sends by itself.
    pub(crate) async fn online_with(mut self, given: Given<'_>) -> Result<Self> {
        self.ticket.clear();
        let answer = self.try_online(given).await?;
        let told = answer.json()?;
        ensure!(answer.status == 200, "online answers {}: {told}", answer.status);
        told["ticket"].as_str().context("a ticket")?.clone_into(&mut self.ticket);
        self.told = told;
        Ok(self)
    }

    pub(crate) async fn try_online(&self, given: Given<'_>) -> Result<Answer> {
        let (name, nick) = (self.name.clone(), self.nick.clone());
        let mut parameters = vec![("name", name.as_str()), ("nick", &nick), ("show", "available")];
        parameters.extend([("status", ""), ("buddies", ""), ("rooms", "")]);
        parameters.retain(|(name, _)| given.iter().all(|(other, _)| other != name));
        parameters.extend(given);
        self.call("POST", "presences/online", &parameters).await
    }

    /// Any call, with what the client adds to all of them.
    pub(crate) async fn call(&self, method: &str, path: &str, given: Given<'_>) -> Result<Answer> {
        let version = match self.tongue {
            Tongue::Php => "5",
            Tongue::Python => "v5",
        };
        let mut parameters = vec![("version", version), ("domain", &self.domain)];
        if !self.ticket.is_empty() {
            parameters.push(("ticket", &self.ticket));
        }
        parameters.extend(given);
        let owned: Vec<_> = parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let form = encoded(&owned);
        let (path, body) = match method {
            "GET" => (format!("/v5/{path}?{form}"), ""),
            _ => (format!("/v5/{path}"), form.as_str()),
        };
        let credentials = BASE64.encode(format!("{}:{}", self.domain, self.secret).as_bytes());
        match self.tongue {
            Tongue::Php => self.php(method, &path, &credentials, body).await,
            Tongue::Python => {
                let length = body.len().to_string();
                let authorization = format!("Basic {credentials}");
                let mut headers = vec![("Accept-Encoding", "identity"), ("Authorization", &*authorization)];
                if method == "POST" {
                    headers.push(("Content-Length", &length));
                }
                request(&self.url, method, &path, &headers, body.as_bytes()).await
            }
        }
    }

    /// One request of HTTP/1.0, of which the answer ends with its connection.
    async fn php(&self, method: &str, path: &str, credentials: &str, body: &str) -> Result<Answer> {
        let host = self.url.strip_prefix("http://").context("a URL")?;
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let typed =
            if body.is_empty() { String::new() } else { format!("{form}Content-Length: {}\r\n", body.len()) };
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: Incutio HttpClient v0.9\r\n\
             Accept: text/xml,application/xml,text/html;q=0.9,text/plain;q=0.8,*/*;q=0.5\r\n\
             Accept-encoding: gzip\r\nAccept-language: en-us\r\nAuthorization: BASIC {credentials}\r\n{typed}\r\n"
        );
        let exchange = async {
            let mut stream = TcpStream::connect(host).await?;
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            Answer::read(&answer)
        };
        timeout(PATIENCE, exchange).await.context("no answer in time")?
    }

    /// Posts what must be done.
    pub(crate) async fn done(&self, path: &str, given: Given<'_>) -> Result<()> {
        let answer = self.call("POST", path, given).await?;
        let value = answer.json()?;
        ensure!(
            (answer.status, &value) == (200, &json!({ "status": "ok" })),
            "{path}: {} {value}",
            answer.status
        );
        Ok(())
    }

    /// Gets what must be there.
    pub(crate) async fn get(&self, path: &str, given: Given<'_>) -> Result<Value> {
        let answer = self.call("GET", path, given).await?;
        let value = answer.json()?;
        ensure!(answer.status == 200, "{path} answers {}: {value}", answer.status);
        Ok(value)
    }

    /// A call that is refused: its status and message.
    pub(crate) async fn refusal(&self, path: &str, given: Given<'_>) -> Result<(u16, String)> {
        refusal(&self.call("POST", path, given).await?)
    }

    pub(crate) async fn offline(&self) -> Result<()> {
        self.done("presences/offline", &[]).await
    }

    pub(crate) async fn say_as(&self, kind: &str, to: &str, body: &str) -> Result<()> {
        let timestamp = format!("{}.25", now());
        let nick = self.nick.clone();
        let given = [("nick", &*nick), ("type", kind), ("to", to), ("body", body), ("style", "")];
        self.done("messages", &[&given[..], &[("timestamp", &*timestamp)]].concat()).await
    }

    pub(crate) async fn say(&self, to: &str, body: &str) -> Result<()> {
        self.say_as("chat", to, body).await
    }

    pub(crate) async fn say_in(&self, room: &str, body: &str) -> Result<()> {
        self.say_as("grpchat", room, body).await
    }

    pub(crate) async fn join(&self, room: &str) -> Result<Value> {
        let answer =
            self.call("POST", &format!("rooms/{room}/join"), &[("nick", &self.nick), ("room", room)]).await?;
        ensure!(answer.status == 200, "join answers {}", answer.status);
        answer.json()
    }

    pub(crate) async fn leave(&self, room: &str) -> Result<()> {
        self.done(&format!("rooms/{room}/leave"), &[("nick", &self.nick), ("room", room)]).await
    }

    pub(crate) async fn members(&self, room: &str) -> Result<Value> {
        self.get(&format!("rooms/{room}/members"), &[("room", room)]).await
    }

    /// What others show, as the site sees it.
    pub(crate) async fn presences(&self, ids: &str) -> Result<Value> {
        self.get("presences", &[("ids", ids)]).await
    }

    /// One poll of the browser, by a script from a page of the site, which is not of the server's.
    pub(crate) async fn poll(&self) -> Result<(u16, Value)> {
        let address = self.told["jsonpd"].as_str().context("an address to poll")?;
        let path = address.strip_prefix("http://").and_then(|rest| rest.split_once('/')).context("a path")?.1;
        let callback = format!("jsonp{}", now());
        let form = [("ticket", &*self.ticket), ("domain", &self.domain), ("callback", &callback)];
        let owned: Vec<_> = form.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let path = format!("/{path}?{}&_={}", encoded(&owned), now());
        let headers = [("Referer", "http://www.uchome.com/home.php"), ("Sec-Fetch-Site", "cross-site")];
        let answer = request(&self.url, "GET", &path, &headers, &[]).await?;
        let script = std::str::from_utf8(&answer.body)?;
        let argument =
            script.strip_prefix(&format!("/**/{callback}(")).and_then(|rest| rest.strip_suffix(");"));
        Ok((answer.status, serde_json::from_str(argument.context("a call of the callback")?)?))
    }

    /// The page in the browser, as far as it polls.
    fn page(&self) -> Page {
        Page::of_site(&self.url, "/v5", &self.ticket, &self.domain)
    }

    /// Polls until something of this kind has come, and returns it.
    pub(crate) async fn next(&self, kind: &str) -> Result<Vec<Value>> {
        self.page().next(kind).await
    }

    pub(crate) async fn messages(&self) -> Result<Vec<Value>> {
        self.page().messages().await
    }

    /// The bodies of the next `count` messages.
    pub(crate) async fn hear(&self, count: usize) -> Result<Vec<String>> {
        self.page().hear(count).await
    }

    /// Polls until a presence of this type and of this user comes.
    pub(crate) async fn presence(&self, kind: &str, from: &str) -> Result<Value> {
        self.page().presence(kind, from).await
    }
}

/// The status and message of a refusal.
pub(crate) fn refusal(answer: &Answer) -> Result<(u16, String)> {
    let said = answer.json()?;
    ensure!(said["status"] == "error", "not refused: {} {said}", answer.status);
    Ok((answer.status, said["message"].as_str().context("a message")?.to_owned()))
}

/// A visitor of the published App's site, as its PHP server has it.
pub(crate) fn php(site: &Site, name: &str) -> Visitor {
    Visitor::new(site, Tongue::Php, name)
}

/// The same of a Python server.
pub(crate) fn python(site: &Site, name: &str) -> Visitor {
    Visitor::new(site, Tongue::Python, name)
}
