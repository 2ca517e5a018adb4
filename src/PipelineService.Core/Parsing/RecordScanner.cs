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
}
