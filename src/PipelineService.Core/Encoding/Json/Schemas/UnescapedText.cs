using System.Buffers;
using System.Text.Json;

namespace PipelineService.Core.Encoding.Json.Schemas;

/// <summary>What a string or a name of JSON says, escapes removed.</summary>
internal readonly ref struct UnescapedText
{
    private readonly byte[]? _rented;

    /// <param name="reader">On a string or a name.</param>
    public UnescapedText(Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            Bytes = reader.ValueSpan;
            return;
        }

        _rented = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        Bytes = _rented.AsSpan(0, reader.CopyString(_rented));
    }

    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Unicode code points: the bytes that do not continue another.</summary>
    public int CodePoints
    {
        get
        {
            int count = 0;
            foreach (byte b in Bytes)
            {
                count += (b & 0xC0) != 0x80 ? 1 : 0;
            }

            return count;
        }
    }

    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }
}
