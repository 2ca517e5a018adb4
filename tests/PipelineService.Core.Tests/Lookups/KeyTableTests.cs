using PipelineService.Core.Lookups;
using Xunit;

namespace PipelineService.Core.Tests.Lookups;

/// <summary>Keys are found as a dictionary would find them, whatever their length and number.</summary>
public sealed class KeyTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(KeyParts.Many)]
    public void Finds_what_a_dictionary_finds(int parts)
    {
        int seed = Random.Shared.Next();
        Random random = new(seed);
        KeyTable table = new();
        KeyParts frozen = new(parts);
        Dictionary<string, string> twin = new(StringComparer.Ordinal);
        for (int i = 0; i < 20_000; i++)
        {
            (string key, string payload) = (Word(random, i % 1_000 == 0 ? 2_000 : 12), $"{i}");
            bool isNew = twin.TryAdd(key, payload);
            Assert.Equal((isNew, isNew), (table.TryAdd(Bytes(key), Bytes(payload)), frozen.TryAdd(Bytes(key), Bytes(payload))));
        }

        Assert.True(twin.Count == table.Count, $"seed {seed}");
        Assert.True(twin.Keys.Order().SequenceEqual(table.Keys().Select(key => System.Text.Encoding.Latin1.GetString(key.Span)).Order()), $"seed {seed}");
        frozen.Freeze();
        Assert.Equal(twin.Count, frozen.Count);
        foreach (string key in twin.Keys.Concat(Enumerable.Range(0, 5_000).Select(_ => Word(random, 8))))
        {
            string? expected = twin.GetValueOrDefault(key);
            Assert.True(expected == Found(table.TryFind(Bytes(key), out byte[] page, out int start), page, start, expected), $"seed {seed}, {key}");
            Assert.True(expected == Found(frozen.TryFind(Bytes(key), out page, out start), page, start, expected), $"seed {seed}, {key}, frozen");
        }

        static string? Found(bool isThere, byte[] page, int start, string? expected) =>
            isThere ? System.Text.Encoding.Latin1.GetString(page, start, expected?.Length ?? 0) : null;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    public void Few_keys_are_found_as_well_once_no_more_are_added(int count)
    {
        KeyParts table = new(KeyParts.Many);
        for (int i = 0; i < count; i++)
        {
            table.TryAdd([(byte)i], [(byte)(i + 100)]);
        }

        table.Freeze();

        for (int i = 0; i < 256; i++)
        {
            bool isThere = table.TryFind([(byte)i], out byte[] page, out int start);
            Assert.Equal(i < count, isThere);
            Assert.True(!isThere || page[start] == i + 100);
        }

        Assert.Throws<InvalidOperationException>(() => table.TryAdd([1], [1]));
    }

    [Fact]
    public void Takes_less_memory_once_no_more_are_added()
    {
        const int Count = 100_000;
        KeyParts table = new(KeyParts.Many);
        for (int i = 0; i < Count; i++)
        {
            table.TryAdd(BitConverter.GetBytes((long)i), BitConverter.GetBytes((long)i));
        }

        long before = table.Bytes;
        table.Freeze();

        Assert.InRange(before, Count * (24 + 16), (Count * (24 + 32)) + (KeyParts.Many << 20));
        // 24 of an entry, and at most half of four bytes a key for the index.
        Assert.InRange(table.Bytes, Count * 24, (Count * (24 + 2)) + (KeyParts.Many * 2 * sizeof(int)));
    }

    /// <summary>A run that is longer than a page has its own, and what comes behind it is found as well.</summary>
    [Fact]
    public void Holds_runs_of_any_length()
    {
        BytePages pages = new();
        int[] lengths = [1, 4_096, 3 << 20, 7, (1 << 20) + 1, (1 << 20) - 1, 1 << 20, 12];

        int[] places = [.. lengths.Select((length, i) => Fill(pages, length, (byte)(i + 1)))];

        for (int i = 0; i < lengths.Length; i++)
        {
            byte[] page = pages.PageOf(places[i], out int start);
            Assert.False(page.AsSpan(start, lengths[i]).ContainsAnyExcept((byte)(i + 1)));
        }
    }

    [Fact]
    public void Counts_the_bytes_that_it_takes()
    {
        KeyTable table = new();
        for (int i = 0; i < 100_000; i++)
        {
            table.TryAdd(BitConverter.GetBytes((long)i), BitConverter.GetBytes((long)i));
        }

        // 8 for the lengths, 8 of the key, 8 behind it; buckets of 8, of which at most half are taken.
        Assert.InRange(table.Bytes, 100_000 * (24 + 16), 100_000 * (24 + 32) + (2 << 20));
    }

    private static int Fill(BytePages pages, int length, byte value)
    {
        pages.Add(length, out int place).Fill(value);
        return place;
    }

    private static string Word(Random random, int lengthMax) =>
        new([.. Enumerable.Range(0, random.Next(lengthMax)).Select(_ => (char)random.Next('a', 'e'))]);

    private static byte[] Bytes(string text) => System.Text.Encoding.Latin1.GetBytes(text);
}
