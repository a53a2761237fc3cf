# Adds the parts that are no Rust to the SBOM of the crates. $parts: name, version, licence, file, CPE, a line each.
def part: split("\t") | {
  type: "library",
  "bom-ref": ("part:" + .[0] + "@" + .[1]),
  name: .[0],
  version: .[1],
  scope: "required",
  licenses: [{license: {id: .[2]}}],
  purl: ("pkg:generic/" + .[0] + "@" + .[1])
} + if .[4] == "-" then {} else {cpe: (.[4] + ":" + .[1] + ":*:*:*:*:*:*:*")} end;

[$parts | split("\n")[] | select(. != "") | part] as $added
| .metadata.component["bom-ref"] as $program
| .components += $added
| .dependencies |= map(if .ref == $program then .dependsOn += [$added[]["bom-ref"]] else . end)
