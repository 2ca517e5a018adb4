using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using PipelineService.Core.Values;

namespace PipelineService.Core.Lookups;

/// <summary>
/// A key as bytes: equal where PostgreSQL calls the values equal, so that 1.0 and 1.00 are one number, and −0 is 0. A text that is the
/// only value stands as it is; elsewhere its length is before it.
/// </summary>
public static class LookupKey
{
    private const int WordBytes = sizeof(long);
    private const int NumberBytes = sizeof(decimal);

    /// <summary>The scale that takes the zeros behind the point away when it divides.</summary>
    private const decimal One = 1.0000000000000000000000000000m;

    /// <summary>Bytes that a value takes at most.</summary>
    public static int BytesOf(in TypedValue value) => value.Kind switch
    {
        TypedKind.Text or TypedKind.Json => sizeof(int) + value.Text.Length,
        TypedKind.Number => NumberBytes,
        _ => WordBytes,
    };

    /// <summary>Writes a value of a key of several.</summary>
    /// <returns>How many bytes that are.</returns>
    public static int Write(in TypedValue value, Span<byte> key)
    {
        switch (value.Kind)
        {
            case TypedKind.Text or TypedKind.Json:
                BinaryPrimitives.WriteInt32LittleEndian(key, value.Text.Length);
                value.Text.Span.CopyTo(key[sizeof(int)..]);
                return sizeof(int) + value.Text.Length;
            case TypedKind.Number:
                decimal number = value.Number == 0 ? 0 : value.Number / One;
                MemoryMarshal.Write(key, number);
                return NumberBytes;
            case TypedKind.Float:
                BinaryPrimitives.WriteDoubleLittleEndian(key, value.Float == 0 ? 0 : double.IsNaN(value.Float) ? double.NaN : value.Float);
                return WordBytes;
            default:
                Write(value.Word, key);
                return WordBytes;
        }
    }

    /// <summary>Whether values of a kind stand in a key as what <see cref="TypedValue.Word"/> has of them.</summary>
    public static bool IsWord(TypedKind kind) =>
        kind is not (TypedKind.Null or TypedKind.Text or TypedKind.Json or TypedKind.Number or TypedKind.Float);

    /// <summary>Writes a value of which <see cref="IsWord"/> is true.</summary>
    public static void Write(long word, Span<byte> key) => BinaryPrimitives.WriteInt64LittleEndian(key, word);

    /// <summary>Reads the values of a key, for those who ask somebody else for it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="kinds">The kinds of its values.</param>
    /// <param name="take">Is given each value, with its place.</param>
    public static void Read(ReadOnlySpan<byte> key, ImmutableArray<LookupColumn> kinds, Action<int, TypedValue> take)
    {
        for (int i = 0; i < kinds.Length; i++)
        {
            TypedValue value = new() { Kind = kinds[i].Kind };
            int length;
            switch (value.Kind)
            {
                case TypedKind.Text or TypedKind.Json when kinds.Length == 1:
                    length = key.Length;
                    value.Text = new TextSlice(key.ToArray(), 0, length);
                    break;
                case TypedKind.Text or TypedKind.Json:
                    int bytes = BinaryPrimitives.ReadInt32LittleEndian(key);
                    length = sizeof(int) + bytes;
                    value.Text = new TextSlice(key.Slice(sizeof(int), bytes).ToArray(), 0, bytes);
                    break;
                case TypedKind.Number:
                    length = NumberBytes;
                    value.Number = MemoryMarshal.Read<decimal>(key);
                    break;
                case TypedKind.Float:
                    length = WordBytes;
                    value.Float = BinaryPrimitives.ReadDoubleLittleEndian(key);
                    break;
                default:
                    length = WordBytes;
                    value.Word = BinaryPrimitives.ReadInt64LittleEndian(key);
                    break;
            }

            key = key[length..];
            take(i, value);
        }
    }
}
