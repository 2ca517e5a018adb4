using System.Buffers.Binary;

namespace PipelineService.Core.Parsing.Packed;

/// <summary>Finds where packed records end: each says how long it is. A record counts as a line.</summary>
/// <param name="recordBytesMax">The longest record, without its length.</param>
public sealed class PackedScanner(int recordBytesMax) : RecordScanner
{
    /// <inheritdoc/>
    public override ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal, int recordsMax)
    {
        (int start, int records) = (0, 0);
        while (records < recordsMax && bytes.Length - start >= PackedText.LengthBytes)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[start..]);
            if (length > (uint)recordBytesMax)
            {
                return new ScanResult(start, records, records, RecordTooLong: true);
            }

            int end = start + PackedText.LengthBytes + (int)length;
            if (end > bytes.Length)
            {
                break;
            }

            records++;
            start = end;
        }

        return new ScanResult(start, records, records, RecordTooLong: false);
    }

    /// <inheritdoc/>
    public override int SkipLine(ReadOnlySpan<byte> bytes, bool isFinal) => Scan(bytes, isFinal, recordsMax: 1).Length;

    /// <inheritdoc/>
    public override int PassedBy(ReadOnlySpan<byte> bytes) => 0;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line) => line;

    /// <inheritdoc/>
    public override int StartOf(ReadOnlySpan<byte> bytes) => PackedText.LengthBytes;

    /// <inheritdoc/>
    public override RecordSkip BeginSkip() => new Skip();

    private sealed class Skip : RecordSkip
    {
        private long _left = -1;

        public override int Pass(ReadOnlySpan<byte> bytes, bool isFinal, out bool isOver, out FramingFault? fault)
        {
            fault = null;
            if (_left < 0)
            {
                _left = PackedText.LengthBytes + (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            }

            int passed = (int)Math.Min(_left, bytes.Length);
            _left -= passed;
            isOver = _left == 0 || (isFinal && passed == bytes.Length);
            return passed;
        }

        public override int LinesIn(ReadOnlySpan<byte> passed, bool isOver) => isOver ? 1 : 0;
    }
}
