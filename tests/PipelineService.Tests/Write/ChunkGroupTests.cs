using PipelineService.Core.Jobs;
using PipelineService.Core.Transforms;
using PipelineService.Write;

namespace PipelineService.Tests.Write;

/// <summary>How many chunks lie behind each savepoint of a transaction.</summary>
public sealed class ChunkGroupTests
{
    /// <summary>PGPROC_MAX_CACHED_SUBXIDS of PostgreSQL.</summary>
    private const int Cached = 64;

    [Fact]
    public void Thirty_two_of_one_chunk_then_2_4_8_up_to_what_is_remembered()
    {
        int[] sizes = [.. SizesOf(Written(0)).Take(47)];

        Assert.All(sizes[..32], size => Assert.Equal(1, size));
        Assert.Equal([2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 8_192, 8_192], sizes[32..]);
    }

    [Fact]
    public void Two_thousand_chunks_leave_room_for_what_a_chunk_needs_by_itself()
    {
        int covered = 0;
        int savepoints = SizesOf(Written(0)).TakeWhile(size => (covered += size) < 2_000).Count() + 1;

        Assert.InRange(savepoints, 32, Cached - 16);
    }

    [Fact]
    public void No_number_of_chunks_takes_more_than_there_are()
    {
        Assert.Equal(48, SizesOf(Written(0)).Count());
        Assert.InRange(SizesOf(Written(0)).Sum(), 40_000, 50_000);
    }

    [Fact]
    public void One_ends_when_it_has_many_refused_rows_to_remember()
    {
        ChunkGroup group = new();
        for (int i = 0; i < 40; i++)
        {
            group.Release();
        }

        group.Add(Written(1 << 19));
        Assert.False(group.IsFull);
        group.Add(Written(1 << 19));
        Assert.True(group.IsFull);
    }

    /// <summary>The chunks of each group that a transaction can have.</summary>
    private static IEnumerable<int> SizesOf(WrittenChunk chunk)
    {
        for (ChunkGroup group = new(); !group.IsLast; group.Release())
        {
            while (!group.IsFull)
            {
                group.Add(chunk);
            }

            yield return group.Chunks.Count;
        }
    }

    private static WrittenChunk Written(int refused) => new()
    {
        Extent = new ChunkExtent { StartOffset = 0, EndOffset = 1, Position = new ChunkPosition(1, 1), Records = refused, Lines = 1 },
        Counts = new RecordCounts(refused, 0, refused, 0),
        Refused = new int[refused],
    };
}
