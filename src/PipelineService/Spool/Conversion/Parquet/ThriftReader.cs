namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>
/// Reads structs of Thrift's compact protocol, as Parquet has them. What they do not hold is told and not thrown: whoever asks leaves such
/// data to others. Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    private const int DepthMax = 32;
    private const int True = 1, False = 2, Byte = 3, Int64 = 6, Double = 7, Set = 10, Map = 11;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public const int Binary = 8;
    public const int List = 9;
    public const int Struct = 12;

    public int Position { get; private set; }

    /// <summary>Whether the bytes ended, or are none of the protocol.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>The next field of a struct; 0 at its end.</summary>
    /// <param name="id">That of the field before, which becomes its own.</param>
    /// <returns>Its type.</returns>
    public int Field(ref int id)
    {
        byte header = Take();
        int type = header & 0xF;
        if (type == 0 || IsBroken)
        {
            return 0;
        }

        id = header >> 4 == 0 ? (int)Integer() : id + (header >> 4);
        return type;
    }

    /// <summary>An integer of any width: a varint whose lowest bit is the sign.</summary>
    public long Integer()
    {
        ulong value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A text, or bytes.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        ulong count = Varint();
        int start = Position;
        Pass(count);
        return IsBroken ? [] : _bytes[start..Position];
    }

    /// <summary>How many items a list has.</summary>
    /// <param name="type">Of all of them.</param>
    public int Items(out int type)
    {
        byte header = Take();
        type = header & 0xF;
        ulong count = header >> 4 == 15 ? Varint() : (ulong)header >> 4;
        IsBroken |= count > (ulong)(_bytes.Length - Position);
        return IsBroken ? 0 : (int)count;
    }

    public void Skip(int type, int depth = 0)
    {
        IsBroken |= depth > DepthMax;
        switch (IsBroken ? False : type)
        {
            case True or False:
                break;
            case Byte:
                Take();
                break;
            case > Byte and <= Int64:
                Varint();
                break;
            case Double:
                Pass(sizeof(double));
                break;
            case Binary:
                Pass(Varint());
                break;
            case List or Set:
                SkipItems(depth);
                break;
            case Map:
                SkipMap(depth);
                break;
            case Struct:
                for (int id = 0; Field(ref id) is not 0 and int field;)
                {
                    Skip(field, depth + 1);
                }

                break;
            default:
                IsBroken = true;
                break;
        }
    }

    private void SkipItems(int depth)
    {
        int count = Items(out int type);
        for (int i = 0; i < count && !IsBroken; i++)
        {
            SkipItem(type, depth);
        }
    }

    private void SkipMap(int depth)
    {
        ulong count = Varint();
        byte types = count == 0 ? (byte)0 : Take();
        for (ulong i = 0; i < count && !IsBroken; i++)
        {
            SkipItem(types >> 4, depth);
            SkipItem(types & 0xF, depth);
        }
    }

    /// <summary>A boolean is a byte here, and in a field its type.</summary>
    private void SkipItem(int type, int depth)
    {
        if (type is True or False)
        {
            Take();
        }
        else
        {
            Skip(type, depth + 1);
        }
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Take();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        IsBroken = true;
        return 0;
    }

    private byte Take()
    {
        if (Position < _bytes.Length)
        {
            return _bytes[Position++];
        }

        IsBroken = true;
        return 0;
    }

    private void Pass(ulong count)
    {
        IsBroken |= count > (ulong)(_bytes.Length - Position);
        Position += IsBroken ? 0 : (int)count;
    }
}
