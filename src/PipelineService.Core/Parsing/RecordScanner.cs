namespace PipelineService.Core.Parsing;

/// <summary>
/// Finds where records end, so that chunks can be cut between them. Agrees with the reader of the same format by
/// construction: both follow the same rules on where a record ends, malformed records included.
/// </summary>
public abstract class RecordScanner
{
    /// <summary>Scans whole records.</summary>
    /// <param name="bytes">Starts at a record's start.</param>
    /// <param name="isFinal">True when no byte follows: then the last record needs no line end.</param>
    /// <param name="recordsMax">Stop after so many records.</param>
    public abstract ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal, int recordsMax);

    /// <summary>
    /// The first line end in the bytes: how many bytes up to and including it, or 0 when there is none (a CR that is the
    /// last byte does not count unless <paramref name="isFinal"/>: an LF may follow). Serves to skip a line that is too long.
    /// </summary>
    public abstract int SkipLine(ReadOnlySpan<byte> bytes, bool isFinal);

    /// <summary>
    /// Of bytes in which no line ends, how many tell nothing about a line end that follows: those that can be given up while a line
    /// that is too long is skipped.
    /// </summary>
    public abstract int PassedBy(ReadOnlySpan<byte> bytes);

    /// <summary>A line without the line end that closes it.</summary>
    public abstract ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line);

    /// <summary>
    /// How many bytes behind a range of whole records the scanner must see to know that they are whole: of records that are parted by
    /// what stands between them, that.
    /// </summary>
    public virtual int BytesBehind => 0;

    /// <summary>
    /// Where the record itself begins in bytes that start at a record's start: behind what parts it from the one before.
    /// </summary>
    public virtual int StartOf(ReadOnlySpan<byte> bytes) => 0;

    /// <summary>
    /// Begins to pass over a record that is too long; null where such a record costs its first line (<see cref="SkipLine"/>).
    /// </summary>
    public virtual RecordSkip? BeginSkip() => null;

    /// <summary>Whether bytes behind the last record are all that closes the document.</summary>
    public virtual bool IsClosedBy(ReadOnlySpan<byte> rest) => rest.IsEmpty;

    /// <summary>Begins to read what closes the document behind its last record; null where nothing has to.</summary>
    public virtual DocumentTail? BeginTail() => null;
}
