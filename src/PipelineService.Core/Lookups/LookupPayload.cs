using System.Buffers.Binary;
using System.Runtime.InteropServices;
using PipelineService.Core.Values;

namespace PipelineService.Core.Lookups;

/// <summary>
/// Values as they stand behind a key: a byte that says whether there is one, then the value as expressions have it, so that nothing is
/// parsed for a record.
/// </summary>
internal static class LookupPayload
{
    public const byte Null = 0;
    public const byte Value = 1;

    /// <summary>A number that no expression can hold.</summary>
    public const byte TooLong = 2;

    /// <summary>Bytes that a value takes.</summary>
    public static int BytesOf(in TypedValue value) => 1 + value.Kind switch
    {
        TypedKind.Text or TypedKind.Json => sizeof(int) + value.Text.Length,
        TypedKind.Number => sizeof(decimal),
        _ => sizeof(long),
    };

    /// <summary>Writes a value.</summary>
    /// <returns>How many bytes that are.</returns>
    public static int Write(in TypedValue value, Span<byte> payload)
    {
        payload[0] = Value;
        Span<byte> rest = payload[1..];
        switch (value.Kind)
        {
            case TypedKind.Text or TypedKind.Json:
                BinaryPrimitives.WriteInt32LittleEndian(rest, value.Text.Length);
                value.Text.Span.CopyTo(rest[sizeof(int)..]);
                break;
            case TypedKind.Number:
                decimal number = value.Number;
                MemoryMarshal.Write(rest, number);
                break;
            case TypedKind.Float:
                BinaryPrimitives.WriteDoubleLittleEndian(rest, value.Float);
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(rest, value.Word);
                break;
        }

        return BytesOf(value);
    }

    /// <summary>Reads the next value; text stays where it is.</summary>
    /// <param name="page">The bytes that hold it.</param>
    /// <param name="start">Where it starts; behind it, where the next does.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="value">The value, or null.</param>
    /// <returns>False when it is a number that no expression can hold.</returns>
    public static bool TryTake(byte[] page, ref int start, TypedKind kind, out TypedValue value)
    {
        value = new TypedValue { Kind = kind };
        byte state = page[start++];
        if (state != Value)
        {
            value.IsNull = true;
            return state == Null;
        }

        ReadOnlySpan<byte> bytes = page.AsSpan(start);
        switch (kind)
        {
            case TypedKind.Text or TypedKind.Json:
                int length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
                value.Text = new TextSlice(page, start + sizeof(int), length);
                start += sizeof(int) + length;
                break;
            case TypedKind.Number:
                value.Number = MemoryMarshal.Read<decimal>(bytes);
                start += sizeof(decimal);
                break;
            case TypedKind.Float:
                value.Float = BinaryPrimitives.ReadDoubleLittleEndian(bytes);
                start += sizeof(long);
                break;
            default:
                value.Word = BinaryPrimitives.ReadInt64LittleEndian(bytes);
                start += sizeof(long);
                break;
        }

        return true;
    }
}
