package floodmark.models.spark;

import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/** Plain local files: Hadoop starts a program (chmod) for each file that it writes, which takes longer than a batch. */
public final class PlainFiles extends RawLocalFileSystem {
    @Override
    public void setPermission(Path path, FsPermission permission) {}
}
