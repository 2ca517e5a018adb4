using System.Threading.Channels;
using Microsoft.Extensions.Options;
using PipelineService.Transform.Enrichment;
using PipelineService.Write;

namespace PipelineService.Transform;

/// <summary>
/// The one queue between reading and writing, shared by all jobs. Bounded; a full channel makes readers wait, and nothing
/// is ever dropped.
/// </summary>
public sealed class ChunkChannel(IOptions<TransformOptions> options, ChunkBufferPool buffers, AnswerParking? parking = null)
{
    private readonly Channel<Chunk> _channel = Channel.CreateBounded<Chunk>(
        new BoundedChannelOptions(options.Value.ChannelCapacity)
        {
            FullMode = BoundedChannelFullMode.Wait,
            SingleReader = false,
            SingleWriter = false,
        });

    /// <summary>Chunks that wait for a worker.</summary>
    public int Depth => _channel.Reader.Count;

    public ChannelWriter<Chunk> Writer => _channel.Writer;

    public ChannelReader<Chunk> Reader => _channel.Reader;

    /// <summary>How the chunks of a load come in.</summary>
    public ChunkFeed FeedOf(JobLoad load) => new(load, this, buffers, parking);
}
