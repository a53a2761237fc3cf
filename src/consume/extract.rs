//! stub for building until the extraction lands
use crate::check::Unidentified;
use crate::event::EventId;
#[derive(Debug, Clone)]
pub struct Extractor;
pub struct Extracted {
    pub id: Result<EventId, Unidentified>,
    pub due_us: Option<u64>,
    pub sent_us: Option<u64>,
}
impl Extractor {
    pub fn json() -> Self {
        Extractor
    }
    pub fn extract<'a>(&self, payload: Option<&[u8]>, _h: impl Fn(&str) -> Option<&'a [u8]>) -> Extracted {
        let v: serde_json::Value = serde_json::from_slice(payload.unwrap_or_default()).unwrap_or_default();
        let id = v["id"]
            .as_str()
            .and_then(|s| s.parse().ok())
            .map_or(Err(Unidentified::Unreadable), |u| EventId::from_uuid(u).map_err(|w| Unidentified::of(u, w)));
        Extracted { id, due_us: v["due"].as_u64(), sent_us: v["sent"].as_u64() }
    }
}
