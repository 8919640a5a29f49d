//! How the page proves its App: credentials, the signature made from them, and what came of `config`.

use crate::Failure;
use jmessage_proto::Code;
use std::fmt;

/// The four fields of `config` (`seeds/002 §配置与验证`). Printing it shows none.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the seed")]
pub struct Signature {
    pub app_key: String,
    pub timestamp: String,
    pub random_str: String,
    pub signature: String,
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where the signature comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The page gave it; when it expires, the page must call `config` again.
    Fields(Signature),
    /// The driver obtains it, again whenever the server finds it expired; for this App if one is named.
    Signer(Option<String>),
}

impl Credentials {
    fn app_key(&self) -> Option<&str> {
        match self {
            Self::Fields(signature) => Some(&signature.app_key),
            Self::Signer(app_key) => app_key.as_deref(),
        }
    }
}

/// What the page knows of its last `config`.
#[derive(PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Not decided yet; `told` when a passing failure was reported meanwhile.
    Undecided { told: bool },
    /// `Ready` was said.
    Ready,
    /// Refused for good.
    Failed(Failure),
}

/// The state behind `config`. It outlives connections.
pub(crate) struct Setup {
    credentials: Option<Credentials>,
    /// The App of the last signature.
    app_key: Option<String>,
    signature: Option<Signature>,
    /// Ticket and time limit of the question to the signer.
    asking: Option<(u64, u64)>,
    tickets: u64,
    /// The signer was asked again since a signature was accepted last: if that one is refused too, it is for good.
    retried: bool,
    pub(crate) outcome: Outcome,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self {
            credentials: None,
            app_key: None,
            signature: None,
            asking: None,
            tickets: 0,
            retried: false,
            outcome: Outcome::Undecided { told: false },
        }
    }

    /// Takes new credentials. True if they are of the App that was configured before.
    pub(crate) fn replace(&mut self, credentials: Credentials) -> bool {
        let named = credentials.app_key();
        let same = self.app_key.is_some() && (named.is_none() || named == self.app_key.as_deref());
        self.signature = None;
        if let Credentials::Fields(signature) = &credentials {
            self.sign(signature.clone());
        }
        self.credentials = Some(credentials);
        self.asking = None;
        self.retried = false;
        self.outcome = Outcome::Undecided { told: false };
        same
    }

    /// The App that the credentials name.
    pub(crate) fn named_app(&self) -> Option<&str> {
        self.credentials.as_ref().and_then(Credentials::app_key)
    }

    /// The App of the last signature.
    pub(crate) fn app_key(&self) -> Option<&str> {
        self.app_key.as_deref()
    }

    /// The signature at hand.
    pub(crate) fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// Takes a new signature.
    pub(crate) fn sign(&mut self, signature: Signature) {
        self.app_key = Some(signature.app_key.clone());
        self.signature = Some(signature);
    }

    /// Whether a signer could be asked.
    pub(crate) fn has_signer(&self) -> bool {
        matches!(self.credentials, Some(Credentials::Signer(_)))
    }

    /// Whether `config` has not been decided although there is something to decide.
    pub(crate) fn is_pending(&self) -> bool {
        self.credentials.is_some() && matches!(self.outcome, Outcome::Undecided { .. })
    }

    /// Whether `config` must not be tried again by itself.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }

    /// Before a login: why it cannot succeed, if so. A failure that another attempt may heal is forgotten.
    pub(crate) fn obstacle(&mut self) -> Option<Failure> {
        if self.credentials.is_none() {
            return Some(Failure::new(Code::SignatureInvalid, "call config before login"));
        }
        let Outcome::Failed(failure) = &self.outcome else { return None };
        if !self.has_signer() {
            return Some(failure.clone());
        }
        self.signature = None;
        self.retried = false;
        self.outcome = Outcome::Undecided { told: false };
        None
    }

    /// The ticket of a question to ask now, if a signature is needed and none is on its way.
    pub(crate) fn ask(&mut self, deadline: u64) -> Option<u64> {
        if self.signature.is_some() || self.asking.is_some() || !self.has_signer() || self.has_failed() {
            return None;
        }
        self.tickets += 1;
        self.asking = Some((self.tickets, deadline));
        Some(self.tickets)
    }

    /// Whether `ticket` is the question that is open; it is closed then.
    pub(crate) fn answered(&mut self, ticket: u64) -> bool {
        let current = self.asking.is_some_and(|(open, _)| open == ticket);
        if current {
            self.asking = None;
        }
        current
    }

    /// Until when the signer may take.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.asking.map(|(_, deadline)| deadline)
    }

    /// Closes the open question.
    pub(crate) fn give_up_asking(&mut self) {
        self.asking = None;
    }

    /// The server accepted the signature.
    pub(crate) fn accepted(&mut self) {
        self.retried = false;
    }

    /// The server found the signature expired: true if another can be had and was not tried yet.
    pub(crate) fn expired(&mut self) -> bool {
        let again = self.has_signer() && !self.retried;
        if again {
            self.signature = None;
            self.retried = true;
        }
        again
    }
}
