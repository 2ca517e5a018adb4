using System.Buffers.Binary;
using System.Text;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A message in protobuf's wire form, read without its schema: fields by their numbers.</summary>
/// <remarks>https://protobuf.dev/programming-guides/encoding/</remarks>
internal sealed class ProtobufMessage
{
    private readonly List<(int Field, ulong Number, ReadOnlyMemory<byte> Bytes)> _fields = [];

    public ProtobufMessage(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ulong key = ReadVarint(ref bytes);
            int field = (int)(key >> 3);
            switch (key & 7)
            {
                case 0:
                    _fields.Add((field, ReadVarint(ref bytes), default));
                    break;
                case 1:
                    _fields.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span), default));
                    bytes = bytes[sizeof(ulong)..];
                    break;
                case 2:
                    int length = (int)ReadVarint(ref bytes);
                    _fields.Add((field, 0, bytes[..length]));
                    bytes = bytes[length..];
                    break;
                case 5:
                    _fields.Add((field, BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span), default));
                    bytes = bytes[sizeof(uint)..];
                    break;
                default:
                    throw new InvalidDataException($"Field {field} has wire type {key & 7}.");
            }
        }
    }

    public IEnumerable<ProtobufMessage> Messages(int field) =>
        _fields.Where(entry => entry.Field == field).Select(entry => new ProtobufMessage(entry.Bytes));

    public bool Has(int field) => _fields.Exists(entry => entry.Field == field);

    public ulong Number(int field) => _fields.Find(entry => entry.Field == field).Number;

    public string Text(int field) => Encoding.UTF8.GetString(_fields.Find(entry => entry.Field == field).Bytes.Span);

    public string Hex(int field) => Convert.ToHexStringLower(_fields.Find(entry => entry.Field == field).Bytes.Span);

    private static ulong ReadVarint(ref ReadOnlyMemory<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = bytes.Span[0];
            bytes = bytes[1..];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
