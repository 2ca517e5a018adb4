using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Lookups;

/// <summary>
/// Rows of a dataset that is looked up: all of one version, or those that a chunk has asked for. Found by their key, as
/// <see cref="LookupKey"/> writes it. Filled by one, then read by any number of threads.
/// </summary>
/// <param name="use">Which columns they have.</param>
public sealed class LookupTable(LookupUse use)
{
    private readonly KeyTable _rows = new();
    private readonly LookupColumn[] _key = [.. use.Key];
    private readonly LookupColumn[] _values = [.. use.Values];
    private byte[] _keyRoom = new byte[256];
    private byte[] _payloadRoom = new byte[256];

    /// <summary>Rows in it.</summary>
    public int Count => _rows.Count;

    /// <summary>Bytes that it takes.</summary>
    public long Bytes => _rows.Bytes;

    /// <summary>Adds a row, as the database sends it. One whose key nobody can ask for is left out.</summary>
    /// <param name="sent">
    /// The values of the columns in PostgreSQL's binary forms (<see cref="LookupPayload"/>), the key's first; an entry without an array is
    /// NULL.
    /// </param>
    public void Add(ReadOnlySpan<ArraySegment<byte>> sent)
    {
        int keyLength = 0;
        for (int i = 0; i < _key.Length; i++)
        {
            if (sent[i].Array is null || !LookupPayload.TryRead(_key[i].Kind, sent[i], out TypedValue value))
            {
                return; // no value equals it: NULL, or a number that no record can have
            }

            Room(ref _keyRoom, keyLength, LookupKey.BytesOf(value));
            keyLength += _key is [{ Kind: TypedKind.Text or TypedKind.Json }]
                ? Copy(value.Text.Span, _keyRoom)
                : LookupKey.Write(value, _keyRoom.AsSpan(keyLength));
        }

        int length = 0;
        for (int i = 0; i < _values.Length; i++)
        {
            length += WriteValue(_values[i].Kind, sent[_key.Length + i], length);
        }

        _rows.TryAdd(_keyRoom.AsSpan(0, keyLength), _payloadRoom.AsSpan(0, length));
    }

    /// <summary>Finds a row.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="page">The bytes that hold its values.</param>
    /// <param name="start">Where they start.</param>
    internal bool TryFind(ReadOnlySpan<byte> key, out byte[] page, out int start) => _rows.TryFind(key, out page, out start);

    private int WriteValue(TypedKind kind, ArraySegment<byte> sent, int start)
    {
        if (sent.Array is null || !LookupPayload.TryRead(kind, sent, out TypedValue value))
        {
            Room(ref _payloadRoom, start, 1);
            _payloadRoom[start] = sent.Array is null ? LookupPayload.Null : LookupPayload.TooLong;
            return 1;
        }

        Room(ref _payloadRoom, start, LookupPayload.BytesOf(value));
        return LookupPayload.Write(value, _payloadRoom.AsSpan(start));
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
