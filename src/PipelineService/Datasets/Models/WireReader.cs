using System.Buffers.Binary;
using System.Text;

namespace PipelineService.Datasets.Models;

/// <summary>A message in protobuf's wire form that breaks off or says what no message says.</summary>
internal sealed class MalformedModelException(string message) : Exception(message);

/// <summary>Reads the fields of a message in protobuf's wire form, one after the other. Trusts nothing.</summary>
/// <remarks>https://protobuf.dev/programming-guides/encoding/</remarks>
internal ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;
    private const int NameBytesMax = 64 << 10;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = bytes;
    private int _wire;

    /// <summary>The number of the field at hand.</summary>
    public int Field { get; private set; }

    /// <summary>Its number, where it is one.</summary>
    public ulong Number { get; private set; }

    /// <summary>Its bytes, where it is a text, bytes or a message.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Whether it is a text, bytes or a message.</summary>
    public readonly bool IsDelimited => _wire == Delimited;

    /// <summary>The message that it is.</summary>
    public readonly WireReader Message => IsDelimited ? new WireReader(Bytes) : throw Malformed("A field is no message.");

    /// <summary>The text that it is.</summary>
    public readonly string Text
    {
        get
        {
            if (!IsDelimited || Bytes.Length > NameBytesMax)
            {
                throw Malformed("A name is none, or longer than 64 KiB.");
            }

            try
            {
                return Strict.GetString(Bytes);
            }
            catch (DecoderFallbackException)
            {
                throw Malformed("A name is not valid UTF-8.");
            }
        }
    }

    /// <summary>Goes on to the next field.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="MalformedModelException">There is something else.</exception>
    public bool Read()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        ulong key = ReadVarint();
        if (key >> 3 is 0 or > int.MaxValue)
        {
            throw Malformed("A field has no number.");
        }

        (Field, _wire) = ((int)(key >> 3), (int)(key & 7));
        Number = 0;
        Bytes = default;
        switch (_wire)
        {
            case Varint:
                Number = ReadVarint();
                break;
            case Fixed64:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
                break;
            case Delimited:
                ulong length = ReadVarint();
                Bytes = Take(length <= int.MaxValue ? (int)length : throw Malformed("It breaks off."));
                break;
            case Fixed32:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
                break;
            default:
                throw Malformed("A field is of a kind that ONNX does not use.");
        }

        return true;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Malformed("A number is longer than 64 bits.");
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            throw Malformed("It breaks off.");
        }

        ReadOnlySpan<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    private static MalformedModelException Malformed(string message) => new(message);
}
