namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Finds where the texts of a JSON text sequence end: at the next record separator (U+001E), which no text can hold. What is
/// truncated or malformed costs its text. Several separators in a row are one. Source: RFC 7464.
/// </summary>
/// <param name="recordBytesMax">The longest text, with its separator and the blanks around it.</param>
public sealed class TextScanner(int recordBytesMax) : RecordScanner
{
    /// <summary>What each text begins with.</summary>
    public const byte Separator = 0x1E;

    /// <inheritdoc/>
    public override ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal, int recordsMax)
    {
        int start = 0;
        int records = 0;
        bool isTooLong = false;
        while (records < recordsMax && start < bytes.Length)
        {
            int found = bytes[(start + 1)..].IndexOf(Separator);
            int end = found < 0 ? bytes.Length : start + 1 + found;
            isTooLong = end - start > recordBytesMax;
            if (isTooLong || (found < 0 && !isFinal))
            {
                break;
            }

            records += IsBlank(bytes[start..end]) ? 0 : 1;
            start = end;
        }

        return new ScanResult(start, records, bytes[..start].Count((byte)'\n'), isTooLong);
    }

    /// <inheritdoc/>
    public override int StartOf(ReadOnlySpan<byte> bytes) => StartIn(bytes, 0);

    /// <inheritdoc/>
    public override RecordSkip BeginSkip() => new TextSkip();

    /// <inheritdoc/>
    public override int SkipLine(ReadOnlySpan<byte> bytes, bool isFinal) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override int PassedBy(ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line) => line.TrimEnd(" \t\r\n"u8);

    /// <summary>Where the text itself begins: behind its separator and blanks.</summary>
    internal static int StartIn(ReadOnlySpan<byte> bytes, int position) =>
        JsonGrammar.EndOfBlanks(bytes, JsonGrammar.ByteAt(bytes, position) == Separator ? position + 1 : position);

    private static bool IsBlank(ReadOnlySpan<byte> bytes) => StartIn(bytes, 0) == bytes.Length;

    /// <summary>Passes over a text that is too long.</summary>
    private sealed class TextSkip : RecordSkip
    {
        private bool _hasBegun;

        /// <inheritdoc/>
        public override int Pass(ReadOnlySpan<byte> bytes, bool isFinal, out bool isOver, out FramingFault? fault)
        {
            fault = null;
            int first = _hasBegun || bytes.IsEmpty ? 0 : 1;
            _hasBegun = true;
            int found = bytes[first..].IndexOf(Separator);
            isOver = found >= 0 || isFinal;
            return found < 0 ? bytes.Length : first + found;
        }
    }
}
