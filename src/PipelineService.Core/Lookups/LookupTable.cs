using PipelineService.Core.Values;

namespace PipelineService.Core.Lookups;

/// <summary>
/// Rows of a dataset that is looked up: all of one version, or those that a chunk has asked for. Found by their key, as
/// <see cref="LookupKey"/> writes it. Filled by one, then read by any number of threads.
/// </summary>
/// <param name="use">Which columns they have.</param>
/// <param name="isWhole">Whether all rows of a version are to come.</param>
public sealed class LookupTable(LookupUse use, bool isWhole = false)
{
    private readonly KeyParts _rows = new(isWhole ? KeyParts.Many : 1);
    private readonly LookupColumn[] _key = [.. use.Key];
    private readonly int _valueCount = use.Values.Length;
    private byte[] _keyRoom = new byte[256];
    private byte[] _payloadRoom = new byte[256];

    /// <summary>Rows in it.</summary>
    public int Count => _rows.Count;

    /// <summary>Bytes that it takes.</summary>
    public long Bytes => _rows.Bytes;

    /// <summary>Which columns the rows have.</summary>
    public LookupUse Use => use;

    /// <summary>Adds a row. One whose key nobody can ask for is left out.</summary>
    /// <param name="row">The values of the columns, the key's first.</param>
    /// <exception cref="InvalidOperationException">It takes no more of them.</exception>
    public void Add(ReadOnlySpan<LookupValue> row)
    {
        int keyLength = 0;
        for (int i = 0; i < _key.Length; i++)
        {
            if (row[i].State != SlotState.Value)
            {
                return; // no value equals it: NULL, or a number that no record can have
            }

            TypedValue value = row[i].Value;
            Room(ref _keyRoom, keyLength, LookupKey.BytesOf(value));
            keyLength += _key is [{ Kind: TypedKind.Text or TypedKind.Json }]
                ? Copy(value.Text.Span, _keyRoom)
                : LookupKey.Write(value, _keyRoom.AsSpan(keyLength));
        }

        int length = 0;
        for (int i = 0; i < _valueCount; i++)
        {
            length += WriteValue(row[_key.Length + i], length);
        }

        _rows.TryAdd(_keyRoom.AsSpan(0, keyLength), _payloadRoom.AsSpan(0, length));
    }

    /// <inheritdoc cref="KeyParts.Freeze"/>
    public void Freeze() => _rows.Freeze();

    /// <summary>Finds a row.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="page">The bytes that hold its values.</param>
    /// <param name="start">Where they start.</param>
    internal bool TryFind(ReadOnlySpan<byte> key, out byte[] page, out int start) => _rows.TryFind(key, out page, out start);

    private int WriteValue(in LookupValue value, int start)
    {
        if (value.State != SlotState.Value)
        {
            Room(ref _payloadRoom, start, 1);
            _payloadRoom[start] = value.State == SlotState.TooLong ? LookupPayload.TooLong : LookupPayload.Null;
            return 1;
        }

        Room(ref _payloadRoom, start, LookupPayload.BytesOf(value.Value));
        return LookupPayload.Write(value.Value, _payloadRoom.AsSpan(start));
    }

    private static int Copy(ReadOnlySpan<byte> text, byte[] room)
    {
        text.CopyTo(room);
        return text.Length;
    }

    private static void Room(ref byte[] room, int used, int more)
    {
        if (room.Length - used < more)
        {
            Array.Resize(ref room, Math.Max(used + more, room.Length * 2));
        }
    }
}
