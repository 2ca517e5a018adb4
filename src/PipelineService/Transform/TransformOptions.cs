using FluentValidation;

namespace PipelineService.Transform;

/// <summary>Section <c>Transform</c>: the workers that turn chunks into rows.</summary>
public sealed class TransformOptions
{
    /// <summary>
    /// Workers that take chunks from the channel. A worker waits while its rows are being written, so there are more of
    /// them than cores. Default 10, 1 to 256; <c>Write:SessionsMax</c> + 2 keeps every write session busy.
    /// </summary>
    public int Workers { get; set; } = 10;

    /// <summary>Chunks of one tenant that wait for a worker. Default 8, 1 to 1,024; each holds <c>Spool:ChunkBytes</c>.</summary>
    public int ChannelCapacity { get; set; } = 8;

    /// <summary>
    /// Bytes of a rejected record that its dead letter keeps; a longer one is cut and marked, so that it cannot be mended from
    /// its dead letter. Default none: all of it, which <c>Spool:RecordBytesMax</c> bounds. 256 and more.
    /// </summary>
    public int? RawBytesMax { get; set; }

    /// <summary>
    /// Memory that rows of datasets may take which others look up (<c>lookup</c> in a definition), of all of them together; each has
    /// its own bound as well. What does not fit is asked for by a query a chunk. Default 256 MiB, 0 (nothing is kept) to 64 GiB.
    /// </summary>
    public long LookupBytes { get; set; } = 256 << 20;

    /// <summary>
    /// Connections that read such rows at the same time; chunks that need one wait for it, and hold no write session meanwhile. Default 2,
    /// 1 to 100; two are among the 5 that the pool (<c>Hosting:PoolSizeMax</c>) has beside <c>Write:SessionsMax</c>, and it must hold what
    /// is more as well.
    /// </summary>
    public int LookupSessionsMax { get; set; } = LookupSessionsUsual;

    /// <summary>As many of them as find a place among the connections of requests and bookkeeping.</summary>
    internal const int LookupSessionsUsual = 2;
}

/// <summary>The bounds of <see cref="TransformOptions"/>.</summary>
public sealed class TransformOptionsValidator : AbstractValidator<TransformOptions>
{
    public TransformOptionsValidator()
    {
        RuleFor(o => o.Workers).InclusiveBetween(1, 256);
        RuleFor(o => o.ChannelCapacity).InclusiveBetween(1, 1_024);
        RuleFor(o => o.LookupBytes).InclusiveBetween(0, 64L << 30);
        RuleFor(o => o.LookupSessionsMax).InclusiveBetween(1, 100);
        RuleFor(o => o.RawBytesMax).GreaterThanOrEqualTo(256);
    }
}
