using CsCheck;
using PipelineService.Core.Encoding;
using PipelineService.Write.Rejects;

namespace PipelineService.Tests.Write.Rejects;

public sealed class KeyFilterTests
{
    /// <summary>A unique index on the first column, and one on the other two.</summary>
    private static readonly int[][] Keys = [[0], [1, 2]];

    /// <summary>Few values, so that keys repeat; null is NULL.</summary>
    private static readonly Gen<long?> Value = Gen.Int[-3, 300].Select(value => value < 0 ? (long?)null : value);

    private static readonly Gen<long?[][][]> Chunks = Value.Array[3].Array[0, 60].Array[1, 8];

    [Fact]
    public void Never_misses_a_repeated_key() => Chunks.Sample(
        chunks =>
        {
            KeyFilter filter = new(bytes: 1 << 16, Keys);
            HashSet<(int, long?, long?)> seen = [];
            foreach (long?[][] chunk in chunks)
            {
                int[] suspects = filter.Add(Rows(chunk));
                Assert.All(Repeated(chunk, seen), row => Assert.Contains(row, suspects));
            }

            Assert.False(filter.IsFull);
        },
        iter: 1_000);

    [Fact]
    public void Seldom_suspects_a_new_key()
    {
        const int Bytes = 1 << 16, KeysMax = Bytes * 8 / 12;
        KeyFilter filter = new(Bytes, [[0]]);

        int[] suspects = filter.Add(Rows([.. Enumerable.Range(0, KeysMax - 1).Select(i => new long?[] { i })]));

        Assert.InRange(suspects.Length, 0, KeysMax / 50);
    }

    [Fact]
    public void Suspects_no_key_with_a_NULL()
    {
        KeyFilter filter = new(bytes: 64, Keys);
        long?[][] chunk = [[null, 1, null], [null, 1, null], [null, null, null]];

        Assert.Empty(filter.Add(Rows(chunk)));
        Assert.Empty(filter.Add(Rows(chunk)));
    }

    /// <summary>Columns are told apart: (1, 23) is not (12, 3), and a value under one key is not the same under another.</summary>
    [Fact]
    public void Tells_keys_apart_by_column()
    {
        KeyFilter filter = new(bytes: 1 << 16, Keys);

        Assert.Empty(filter.Add(Rows([[7, 1, 23], [8, 23, 1], [1, 12, 3], [23, 7, 7]])));
    }

    [Fact]
    public void Says_nothing_any_more_once_it_is_full()
    {
        KeyFilter filter = new(bytes: 64, [[0]]);
        filter.Add(Rows([.. Enumerable.Range(0, 1_000).Select(i => new long?[] { i })]));

        Assert.True(filter.IsFull);
        Assert.Empty(filter.Add(Rows([[0], [0]])));
    }

    /// <summary>The rows that repeat a key of an earlier row, by looking at each.</summary>
    private static List<int> Repeated(long?[][] chunk, HashSet<(int, long?, long?)> seen)
    {
        List<int> repeated = [];
        for (int row = 0; row < chunk.Length; row++)
        {
            (int, long?, long?)[] keys = [(0, chunk[row][0], 0), (1, chunk[row][1], chunk[row][2])];
            bool[] areOld = [.. keys.Where(key => key.Item2 is not null && key.Item3 is not null).Select(key => !seen.Add(key))];
            if (areOld.Any(isOld => isOld))
            {
                repeated.Add(row);
            }
        }

        return repeated;
    }

    private static RowBuffer Rows(long?[][] values)
    {
        RowBuffer rows = new();
        for (int row = 0; row < values.Length; row++)
        {
            rows.BeginRow((short)values[row].Length);
            foreach (long? value in values[row])
            {
                if (value is { } known)
                {
                    rows.WriteInt64Field(known);
                }
                else
                {
                    rows.WriteNull();
                }
            }

            rows.EndRow(record: row + 1, line: row + 1, rawStart: 0, rawLength: 0);
        }

        return rows;
    }
}
