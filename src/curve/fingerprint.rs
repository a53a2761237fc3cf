//! One number that identifies a curve's counts: equal for equal counts, different otherwise.

use xxhash_rust::xxh3::Xxh3;

use super::Curve;

impl Curve {
    /// The fingerprint over start, step and counts, as 32 hexadecimal digits (XXH3, 128
    /// bits). The format and the path of the file do not matter.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Xxh3::new();
        hash.update(&self.step_ms().to_le_bytes());
        hash.update(&self.start_unix_ms().unwrap_or(i64::MIN).to_le_bytes());
        for count in self.counts() {
            hash.update(&count.to_bits().to_le_bytes());
        }
        format!("{:032x}", hash.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_curve_is_in_its_fingerprint() {
        let of = |start, step, counts: &[f64]| Curve::new(start, step, counts.to_vec()).unwrap().fingerprint();
        let prints = [
            of(Some(0), 1000, &[1.0, 2.0]),
            of(None, 1000, &[1.0, 2.0]),
            of(Some(1), 1000, &[1.0, 2.0]),
            of(Some(0), 2000, &[1.0, 2.0]),
            of(Some(0), 1000, &[2.0, 1.0]),
            of(Some(0), 1000, &[1.0, 2.0, 0.0]),
        ];
        for (place, print) in prints.iter().enumerate() {
            assert!(!prints[..place].contains(print), "{place}");
        }
        assert_eq!(prints[0], of(Some(0), 1000, &[1.0, 2.0]));
    }
}
