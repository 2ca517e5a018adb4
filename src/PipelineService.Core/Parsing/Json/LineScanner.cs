namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Finds where the records of newline-delimited JSON end: at LF, and nowhere else. A CR before it is white space of
/// JSON, as https://github.com/ndjson/ndjson-spec has it. Lines of only white space are no records, but count as lines.
/// </summary>
/// <param name="recordBytesMax">The longest line, without its LF.</param>
public sealed class LineScanner(int recordBytesMax) : RecordScanner
{
    /// <inheritdoc/>
    public override ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal, int recordsMax)
    {
        int start = 0;
        int records = 0;
        int lines = 0;
        while (records < recordsMax && start < bytes.Length)
        {
            ReadOnlySpan<byte> rest = bytes[start..];
            int found = rest.IndexOf((byte)'\n');
            int length = found < 0 ? rest.Length : found;
            if (length > recordBytesMax)
            {
                return new ScanResult(start, records, lines, RecordTooLong: true);
            }

            if (found < 0 && !isFinal)
            {
                break;
            }

            records += IsBlank(rest[..length]) ? 0 : 1;
            lines++;
            start += found < 0 ? length : length + 1;
        }

        return new ScanResult(start, records, lines, RecordTooLong: false);
    }

    /// <inheritdoc/>
    public override int SkipLine(ReadOnlySpan<byte> bytes, bool isFinal) => bytes.IndexOf((byte)'\n') + 1;

    /// <inheritdoc/>
    public override int PassedBy(ReadOnlySpan<byte> bytes) => bytes.Contains((byte)'\n') ? 0 : bytes.Length;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line) => line.TrimEnd("\r\n"u8);

    /// <summary>Whether a line holds nothing but JSON white space.</summary>
    internal static bool IsBlank(ReadOnlySpan<byte> line) => line is not [> (byte)' ', ..] && !line.ContainsAnyExcept(" \t\r"u8);
}
