package floodmark.pipelines.contract;

/**
 * What the pipelines take from an event.
 *
 * @param id the event's id; null if it has none
 * @param sentUs when it was sent, in microseconds since 1970; null if it does not say
 */
public record Parts(String id, long eventTimeMs, Long sentUs) {}
