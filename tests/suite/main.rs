//! One test binary for everything that needs a broker or the built program: linking the client once keeps the suite quick.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod broker;
#[cfg(test)]
mod broker_java;
#[cfg(test)]
mod calibrate;
#[cfg(test)]
mod capacity;
#[cfg(test)]
mod capacity_plan;
#[cfg(test)]
mod capture;
#[cfg(test)]
mod changing_topics;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod curve;
#[cfg(test)]
mod direct;
#[cfg(test)]
mod direct_reader;
#[cfg(test)]
mod event_times;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod full_queue;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod interruption;
#[cfg(test)]
mod key_records;
#[cfg(test)]
mod live_view;
#[cfg(test)]
mod many_streams;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod new;
#[cfg(test)]
mod nightly;
#[cfg(test)]
mod nightly_history;
#[cfg(test)]
mod nightly_told;
#[cfg(test)]
mod observers;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod pipelines;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod produce_consume;
#[cfg(test)]
mod program;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod records;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod relay;
#[cfg(test)]
#[path = "../instruments/relay/relaying.rs"]
mod relaying;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod rewritten_due;
#[cfg(test)]
mod safety;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod surroundings;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod told_by_brokers;
#[cfg(test)]
mod topic_watermarks;
#[cfg(test)]
mod verdict;
#[cfg(test)]
mod watermark;
#[cfg(test)]
mod windows;
