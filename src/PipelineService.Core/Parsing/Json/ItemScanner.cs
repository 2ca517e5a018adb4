using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Finds where documents end that have records among their items, as the scanner of their framing does, and counts the records in them
/// as <see cref="ItemRecordReader"/> does. For one reader of chunks at a time.
/// </summary>
/// <param name="documents">Finds where documents end.</param>
/// <param name="reader">Opens them.</param>
public sealed class ItemScanner(RecordScanner documents, ItemRecordReader reader) : RecordScanner
{
    /// <summary>
    /// Bytes that the rows of a chunk may take that its documents have once or not at all; a single document may take more.
    /// </summary>
    private const int MadeBytesMax = 4 << 20;

    private readonly RecordValues _values = new();
    private readonly RejectBuffer _errors = new();

    /// <inheritdoc/>
    public override int BytesBehind => documents.BytesBehind;

    /// <inheritdoc/>
    public override ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal, int recordsMax)
    {
        ScanResult all = default;
        long made = 0;
        while (true)
        {
            ScanResult found = documents.Scan(bytes[all.Length..], isFinal, recordsMax: 1);
            if (found.Length == 0)
            {
                return all.Length == 0 ? found : all with { RecordTooLong = found.RecordTooLong };
            }

            (int records, long madeHere) = found.Records == 0
                ? (0, 0)
                : reader.Count(bytes.Slice(all.Length, found.Length), _values, _errors);
            made += madeHere;
            bool isFull = all.Records + records > recordsMax || made > MadeBytesMax;
            if (isFull && all.Length > 0)
            {
                return all;
            }

            all = new ScanResult(all.Length + found.Length, all.Records + records, all.Lines + found.Lines, RecordTooLong: false);
            if (isFull || all.Records == recordsMax)
            {
                return all;
            }
        }
    }

    /// <inheritdoc/>
    public override int StartOf(ReadOnlySpan<byte> bytes) => documents.StartOf(bytes);

    /// <inheritdoc/>
    public override RecordSkip? BeginSkip() => documents.BeginSkip();

    /// <inheritdoc/>
    public override DocumentTail? BeginTail() => documents.BeginTail();

    /// <inheritdoc/>
    public override bool IsClosedBy(ReadOnlySpan<byte> rest) => documents.IsClosedBy(rest);

    /// <inheritdoc/>
    public override int SkipLine(ReadOnlySpan<byte> bytes, bool isFinal) => documents.SkipLine(bytes, isFinal);

    /// <inheritdoc/>
    public override int PassedBy(ReadOnlySpan<byte> bytes) => documents.PassedBy(bytes);

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line) => documents.WithoutLineEnd(line);
}
