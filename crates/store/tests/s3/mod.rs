//! An S3 server of other people's making, in this process: a bucket that is a directory.

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::{fs, path::Path};
use tokio::net::TcpListener;

/// Who may ask.
pub(crate) const ACCESS: &str = "access";
/// The secret that belongs to it.
pub(crate) const SECRET: &str = "whisper";
/// The one bucket.
pub(crate) const BUCKET: &str = "media";

/// Serves `directory` until the runtime ends. Its URL.
pub(crate) async fn serve(directory: &Path) -> String {
    fs::create_dir_all(directory.join(BUCKET)).unwrap();
    let mut builder = S3ServiceBuilder::new(FileSystem::new(directory).unwrap());
    builder.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
    let service = builder.build();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let _ =
                    Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    url
}
