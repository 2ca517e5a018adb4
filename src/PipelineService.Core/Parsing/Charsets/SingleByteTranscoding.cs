using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>
/// Encodings of a byte a character, of which the lower half is ASCII. One table has, for each byte, the UTF-8 of its character and how
/// long that is; runs of ASCII are copied as they are.
/// </summary>
internal sealed class SingleByteTranscoding : Transcoding
{
    private const int LengthShift = 24;
    private const int Window = 8;
    private const ulong HighBits = 0x8080_8080_8080_8080;

    /// <summary>The longest that becomes of a byte; the table's entries are written whole, and take one byte more.</summary>
    private const int Utf8BytesMax = 3;

    private readonly uint[] _utf8 = new uint[256];

    public SingleByteTranscoding(TextEncoding encoding)
        : base(encoding)
    {
        CodeTable table = new(encoding);
        Span<byte> utf8 = stackalloc byte[sizeof(uint)];
        for (int value = 0; value < _utf8.Length; value++)
        {
            utf8.Clear();
            char found = value < 0x80 ? (char)value : table.CharOf((byte)value);
            int length = WrongBytes.MarkBytes;
            if (value >= 0x80 && found == CodeTable.None)
            {
                WrongBytes.Mark((byte)value, utf8);
            }
            else
            {
                length = new Rune(found).EncodeToUtf8(utf8);
            }

            _utf8[value] = MemoryMarshal.Read<uint>(utf8) | ((uint)length << LengthShift);
        }
    }

    /// <inheritdoc/>
    public override int Transcode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed)
    {
        ref byte from = ref MemoryMarshal.GetReference(source);
        ref byte to = ref MemoryMarshal.GetReference(destination);
        ref uint table = ref MemoryMarshal.GetArrayDataReference(_utf8);
        (int i, int o) = (0, 0);
        while (source.Length - i >= Vector256<byte>.Count && destination.Length - o >= Vector256<byte>.Count)
        {
            var block = Vector256.LoadUnsafe(ref from, (nuint)i);
            if (block.ExtractMostSignificantBits() == 0)
            {
                block.StoreUnsafe(ref to, (nuint)o);
                i += Vector256<byte>.Count;
                o += Vector256<byte>.Count;
                continue;
            }

            for (int end = i + Vector256<byte>.Count; i < end; i += Window)
            {
                ulong window = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, i));
                if (destination.Length - o < (Window * Utf8BytesMax) + 1)
                {
                    break;
                }

                if ((window & HighBits) == 0)
                {
                    Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, o), window);
                    o += Window;
                    continue;
                }

                for (int j = 0; j < Window; j++)
                {
                    uint entry = Unsafe.Add(ref table, Unsafe.Add(ref from, i + j));
                    Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, o), entry);
                    o += (int)(entry >> LengthShift);
                }
            }

            if (destination.Length - o < (Window * Utf8BytesMax) + 1)
            {
                break;
            }
        }

        // What an entry has behind its length is overwritten by the next one, or by whoever writes on.
        while (i < source.Length && destination.Length - o >= sizeof(uint))
        {
            uint entry = _utf8[source[i++]];
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, o), entry);
            o += (int)(entry >> LengthShift);
        }

        consumed = i;
        return o;
    }

    /// <inheritdoc/>
    public override long LengthOf(ReadOnlySpan<byte> text) => Utf8Length.CountStarts(text);
}
