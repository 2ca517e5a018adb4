using System.Buffers;
using System.Text.Json;
using PipelineService.Core.Encoding.Numbers;

namespace PipelineService.Core.Encoding.Json.Schemas;

/// <summary>
/// Finds two items of an array that are the same value: by hashes, seeded anew in each process, so that no data can make all of them meet;
/// those that meet are compared.
/// </summary>
internal static class RepeatedItems
{
    private const int ItemsMin = 64;

    /// <param name="json">What the reader reads.</param>
    /// <param name="reader">On the start of an array.</param>
    public static bool Any(ReadOnlySpan<byte> json, Utf8JsonReader reader)
    {
        (int Hash, int Start, int Length)[] items = ArrayPool<(int, int, int)>.Shared.Rent(ItemsMin);
        int count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (count == items.Length)
            {
                (int, int, int)[] larger = ArrayPool<(int, int, int)>.Shared.Rent(2 * count);
                items.CopyTo(larger, 0);
                ArrayPool<(int, int, int)>.Shared.Return(items);
                items = larger;
            }

            int start = (int)reader.TokenStartIndex;
            items[count++] = (HashOf(ref reader), start, (int)reader.BytesConsumed - start);
        }

        items.AsSpan(0, count).Sort();
        bool isRepeated = false;
        for (int i = 1; i < count && !isRepeated; i++)
        {
            for (int j = i - 1; j >= 0 && items[j].Hash == items[i].Hash && !isRepeated; j--)
            {
                isRepeated = AreSame(
                    json.Slice(items[i].Start, items[i].Length), json.Slice(items[j].Start, items[j].Length));
            }
        }

        ArrayPool<(int, int, int)>.Shared.Return(items);
        return isRepeated;
    }

    private static bool AreSame(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) =>
        one.SequenceEqual(other) || JsonElement.DeepEquals(JsonElement.Parse(one), JsonElement.Parse(other));

    /// <summary>The same for the same value, however it is written. The reader goes to the value's last token.</summary>
    private static int HashOf(ref Utf8JsonReader reader)
    {
        HashCode hash = default;
        hash.Add(reader.TokenType);
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                AddNumber(ref hash, reader.ValueSpan);
                break;
            case JsonTokenType.String:
                hash.Add(HashOfText(reader));
                break;
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    hash.Add(HashOf(ref reader));
                }

                break;
            case JsonTokenType.StartObject:
                hash.Add(HashOfMembers(ref reader));
                break;
        }

        return hash.ToHashCode();
    }

    /// <summary>The order of members does not count.</summary>
    private static int HashOfMembers(ref Utf8JsonReader reader)
    {
        int members = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            int name = HashOfText(reader);
            reader.Read();
            members ^= HashCode.Combine(name, HashOf(ref reader));
        }

        return members;
    }

    private static void AddNumber(ref HashCode hash, ReadOnlySpan<byte> text)
    {
        _ = DecimalText.TryParse(text, out DecimalText number);
        hash.Add(number.IsNegative && !number.IsZero);
        hash.Add(number.FirstWeight);
        for (long weight = number.FirstWeight; weight >= number.LastWeight; weight--)
        {
            hash.Add(number.DigitAt(weight));
        }
    }

    private static int HashOfText(Utf8JsonReader reader)
    {
        HashCode hash = default;
        using UnescapedText text = new(reader);
        hash.AddBytes(text.Bytes);
        return hash.ToHashCode();
    }
}
