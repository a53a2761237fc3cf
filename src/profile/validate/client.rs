//! What the direct client does not do.

use crate::profile::{Client, Compression, Delivery, Stream, fault::Faults};

/// The client of one stream.
pub(super) fn client(stream: &Stream, faults: &mut Faults<'_>) {
    if stream.client != Client::Direct {
        return;
    }
    if stream.delivery != Delivery::AtLeastOnce {
        let message =
            "the direct client only delivers at least once: idempotent, and acknowledged by every replica in sync";
        faults.add_help("delivery", message, "remove `delivery`, or write client = \"librdkafka\"");
    }
    if matches!(stream.compression, Some(Compression::Gzip | Compression::Snappy)) {
        let message = "the direct client compresses by lz4 or zstd";
        faults.add_help("compression", message, "choose one of them, or write client = \"librdkafka\"");
    }
    if stream.compression == Some(Compression::Lz4) && stream.compression_level.is_some() {
        let message = "the direct client has no levels of lz4";
        faults.add_help("compression_level", message, "remove it, or write client = \"librdkafka\"");
    }
}
