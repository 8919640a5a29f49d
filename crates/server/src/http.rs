//! Everything the server answers over HTTP beside the gateways: health, metrics, static files.

use crate::{Config, metrics};
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use jmessage_core::Core;
use jmessage_gateway::{jmessage, webim};
use tokio::sync::watch;
use tower_http::{compression::CompressionLayer, services::ServeDir, set_header::SetResponseHeaderLayer};

/// All routes of the main address.
pub(crate) fn routes(core: &Core, config: &Config, stop: watch::Receiver<bool>) -> Router {
    let mut router = Router::new().route("/healthz", get(health)).with_state(core.clone());
    if config.metrics_listen.is_none() {
        router = router.merge(metrics_routes(core));
    }
    if let Some(directory) = &config.static_dir {
        let files = ServeDir::new(directory);
        let pages = Router::new()
            .fallback_service(files)
            // A page and its script must change together, so browsers ask each time and mostly hear 304.
            .layer(SetResponseHeaderLayer::if_not_present(
                header::CACHE_CONTROL,
                HeaderValue::from_static("no-cache"),
            ))
            .layer(CompressionLayer::new());
        router = router.fallback_service(pages);
    }
    router
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .merge(webim::routes(core, config.webim.clone(), &stop))
        .merge(jmessage::routes(core.clone(), config.jmessage.clone(), stop))
}

/// The route of `/metrics` alone.
pub(crate) fn metrics_routes(core: &Core) -> Router {
    Router::new().route("/metrics", get(metrics_page)).with_state(core.clone())
}

/// 200 while the store answers, 503 when it does not.
async fn health(State(core): State<Core>) -> Response {
    match core.check().await {
        Ok(()) => "ok\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response(),
    }
}

async fn metrics_page(State(core): State<Core>) -> Response {
    match metrics::render(&core) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
