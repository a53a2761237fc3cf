package floodmark.models.spark;

import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/** Files of this machine, as they are: Hadoop starts a program (chmod) for each that it writes, which takes longer than a batch. */
public final class PlainFiles extends RawLocalFileSystem {
    @Override
    public void setPermission(Path path, FsPermission permission) {}
}
