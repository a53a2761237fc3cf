//! The valid word that a misspelt one was meant to be.

/// The valid word nearest to `written`, if one is near enough to be meant: about one wrong letter in four.
#[must_use]
pub(crate) fn nearest<'w>(written: &str, valid: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let plain = |word: &str| word.to_lowercase().replace(['-', ' '], "_");
    let meant = plain(written);
    valid
        .map(|word| (strsim::damerau_levenshtein(&meant, &plain(word)), word))
        .filter(|(wrong, word)| *wrong <= 1 + word.chars().count() / 4 && *wrong < word.chars().count())
        .min_by(|(wrong, word), (other_wrong, other)| {
            let likeness = |word: &str| strsim::jaro_winkler(&meant, &plain(word));
            wrong.cmp(other_wrong).then(likeness(other).total_cmp(&likeness(word)))
        })
        .map(|(_, word)| word)
}
