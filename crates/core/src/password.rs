//! Password hashes: Argon2id, in a pool that is bounded so that a flood of logins cannot take the machine.

use crate::{Error, Pause, executor::Executor};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use jmessage_model::Password;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl Default for HashCost {
    /// 19 MiB and 2 passes: about 28 ms on one core.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

/// Hashes and verifies passwords on blocking threads, a few at a time.
#[derive(Clone)]
pub struct Hashing {
    cost: HashCost,
    executor: Executor,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Hashing {
    /// At most `parallel` hashes at a time and `waiting` callers; more are told [`Error::Busy`].
    pub fn new(cost: HashCost, parallel: usize, waiting: usize) -> Self {
        let [running, waiting] = [parallel, waiting].map(|places| Arc::new(Semaphore::new(places)));
        Self { cost, executor: Executor::Shared, running, waiting }
    }

    /// The same without threads.
    pub(crate) fn inline(self, pause: Pause) -> Self {
        Self { executor: Executor::Inline(pause), ..self }
    }

    /// The hash of `password` in PHC notation, salted with 16 random bytes.
    pub async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<String, Error> {
        let cost = self.cost;
        self.run(move || hash(&password, &salt, cost)).await?
    }

    /// Whether `password` is the one that `stored` was made of.
    pub async fn verify(&self, password: Password, stored: String) -> Result<bool, Error> {
        self.run(move || verify(&password, &stored)).await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let _place = self.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let permit = self.running.clone().acquire_owned().await.map_err(|_| Error::Unavailable)?;
        let hashing = self.executor.run(move || {
            let result = work();
            drop(permit);
            result
        });
        hashing.await
    }
}

/// Hashes now, on this thread.
pub(crate) fn hash(password: &Password, salt: &[u8; 16], cost: HashCost) -> Result<String, Error> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "password hashing failed");
        Error::Unavailable
    };
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|e| failed(&e))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(password.reveal().as_bytes(), salt).map_err(|e| failed(&e))?;
    Ok(hash.to_string())
}

/// What is stored in the place of a hash for a user whom no password proves: its site speaks for it.
pub(crate) const NOBODYS: &str = "!";

fn verify(password: &Password, stored: &str) -> Result<bool, Error> {
    if stored == NOBODYS {
        return Ok(false);
    }
    let parsed = PasswordHash::new(stored).map_err(|error| {
        tracing::error!(%error, "a stored password hash cannot be read");
        Error::Unverifiable
    })?;
    Ok(Argon2::default().verify_password(password.reveal().as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashCost = HashCost { memory_kib: 8, passes: 1 };

    #[tokio::test]
    async fn a_hash_verifies_its_own_password_only() {
        let hashing = Hashing::new(CHEAP, 1, 8);
        let hash = hashing.hash(Password::new("pass1234").unwrap(), [7; 16]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert_eq!(hashing.verify(Password::new("pass1234").unwrap(), hash.clone()).await, Ok(true));
        assert_eq!(hashing.verify(Password::new("pass1235").unwrap(), hash).await, Ok(false));
        let nobodys = hashing.verify(Password::new("!!!!").unwrap(), NOBODYS.to_owned()).await;
        assert_eq!(nobodys, Ok(false), "no password proves it");
        let foreign = "$2b$12$not.ours".to_owned();
        assert_eq!(
            hashing.verify(Password::new("pass1234").unwrap(), foreign).await,
            Err(Error::Unverifiable)
        );
    }

    #[tokio::test]
    async fn a_caller_too_many_is_told_at_once() {
        let hashing = Hashing::new(CHEAP, 1, 0);
        let result = hashing.hash(Password::new("pass1234").unwrap(), [7; 16]).await;
        assert_eq!(result, Err(Error::Busy));
    }
}
