using FluentValidation;

namespace PipelineService.Spool;

/// <summary>Section <c>Spool</c>: the disk area where uploads wait, and how they are cut into chunks.</summary>
public sealed class SpoolOptions
{
    /// <summary>
    /// The directory, made when missing. Instances that share it share its jobs, and so must share the database: a
    /// spool belongs to one. Default: null, which takes a folder below <c>Hosting:DataDirectory</c>: <c>spool</c> for
    /// the private server, <c>spool-{host}-{port}-{database}</c> for a configured database.
    /// </summary>
    public string? Directory { get; set; }

    /// <summary>
    /// The most bytes that all uploads together may hold; beyond it uploads are refused with 507. Default 100 GiB, at
    /// least 1 MiB.
    /// </summary>
    public long QuotaBytes { get; set; } = 100L << 30;

    /// <summary>
    /// Free bytes that the spool leaves on its disk for others; an upload that would take of them is refused with 507,
    /// before its body or in the middle. Default 256 MiB, at least 0.
    /// </summary>
    public long FreeBytesMin { get; set; } = 256L << 20;

    /// <summary>
    /// Bytes of a chunk: the unit of work, of retry and of checkpoint. Default 1 MiB (the knee of the curve in the
    /// benchmark results), 4 KiB to 64 MiB. Memory grows with it: about six times this per worker and write session,
    /// and at most some twenty times where rows are much longer than the records they come from.
    /// </summary>
    public int ChunkBytes { get; set; } = 1 << 20;

    /// <summary>
    /// Records of a chunk at most, so that tiny records cannot make a chunk's rows and rejects large. Default 32,768, 1 to
    /// 1,000,000. Fewer where records may leave columns out: <see cref="ChunkBytes"/> divided by the number of those
    /// columns.
    /// </summary>
    public int ChunkRecordsMax { get; set; } = 32_768;

    /// <summary>
    /// How long bytes of a slow upload wait for a chunk to fill before the whole records among them are loaded. Default
    /// 500 ms, 1 ms to 1 minute.
    /// </summary>
    public TimeSpan ChunkAgeMax { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Bytes of a record at most; a longer one is rejected with <c>record_too_long</c>. Default 1 MiB, 1 KiB to 64 MiB.
    /// An upload keeps the limit it was received under.
    /// </summary>
    public int RecordBytesMax { get; set; } = 1 << 20;

    /// <summary>
    /// Bytes that a compressed upload may decode to at most, and those of the rows that are made of a converted one; a job of more fails with <c>decoded_too_large</c>. Default 1 TiB, at least
    /// 1 MiB.
    /// </summary>
    public long DecodedBytesMax { get; set; } = 1L << 40;

    /// <summary>
    /// Decoded bytes for each byte that was sent at most, looked at from the first 64 MiB decoded on; a job of more fails with
    /// <c>decoded_too_large</c>. Tables compress 3 to 30 times, gzip at most 1,032 times. Default 250, 10 to 100,000.
    /// </summary>
    public int DecodedRatioMax { get; set; } = 250;

    /// <summary>
    /// Files that are converted (Parquet, Arrow, workbooks) at once, each in a process of its own; others wait with their jobs. Default 2, 1 to 64.
    /// </summary>
    public int ConversionsMax { get; set; } = 2;

    /// <summary>
    /// Bytes of memory that the process of a conversion may have; a job whose file takes more fails with <c>file_too_demanding</c>. Default
    /// 512 MiB, 128 MiB to 64 GiB.
    /// </summary>
    public long ConversionMemoryMax { get; set; } = 512L << 20;

    /// <summary>
    /// How long a conversion may go on without giving a row; a job whose file takes longer fails with <c>file_too_demanding</c>. Default
    /// 2 minutes, 1 second to 1 hour.
    /// </summary>
    public TimeSpan ConversionStallMax { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Bytes after which received data is flushed to disk in the background, so that the last flush is short. Default
    /// 16 MiB, 64 KiB to 1 GiB.
    /// </summary>
    public int FlushBytes { get; set; } = 16 << 20;

    /// <summary>
    /// Uploads of so many bytes at most are written to disk with others that end at the same moment: one file and one flush for all
    /// of them. They wait in memory for that. Default 16 KiB, 0 to 64 KiB; 0 gives each upload files of its own.
    /// </summary>
    public int SharedBytesMax { get; set; } = 16 << 10;

    /// <summary>
    /// How long the files of a damaged upload are kept for an operator to look at, as <c>{job}.data.damaged</c> and
    /// <c>{job}.json.damaged</c>. They count in <see cref="QuotaBytes"/>. Default 7 days, 0 to 365 days; 0 removes them at the
    /// next cleaning, some seconds later.
    /// </summary>
    public TimeSpan DamagedRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Decoded bytes from which on <see cref="DecodedRatioMax"/> is looked at.</summary>
    internal const long DecodedRatioFrom = 64L << 20;

    /// <summary>
    /// Records of a chunk at most, when each may leave so many columns out. In the data an absent column takes no byte,
    /// in a row it is a NULL of four: all of a chunk's together are at most four times <see cref="ChunkBytes"/>.
    /// </summary>
    internal int RecordsMaxOf(int optionalColumns) =>
        Math.Clamp(ChunkBytes / Math.Max(1, optionalColumns), 1, ChunkRecordsMax);
}

/// <summary>The bounds of <see cref="SpoolOptions"/>.</summary>
public sealed class SpoolOptionsValidator : AbstractValidator<SpoolOptions>
{
    public SpoolOptionsValidator()
    {
        RuleFor(o => o.Directory).NotEmpty().When(o => o.Directory is not null);
        RuleFor(o => o.QuotaBytes).GreaterThanOrEqualTo(1 << 20);
        RuleFor(o => o.FreeBytesMin).GreaterThanOrEqualTo(0);
        RuleFor(o => o.ChunkBytes).InclusiveBetween(4 << 10, 64 << 20);
        RuleFor(o => o.ChunkRecordsMax).InclusiveBetween(1, 1_000_000);
        RuleFor(o => o.ChunkAgeMax).InclusiveBetween(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        RuleFor(o => o.RecordBytesMax).InclusiveBetween(1 << 10, 64 << 20);
        RuleFor(o => o.DecodedBytesMax).GreaterThanOrEqualTo(1 << 20);
        RuleFor(o => o.DecodedRatioMax).InclusiveBetween(10, 100_000);
        RuleFor(o => o.ConversionsMax).InclusiveBetween(1, 64);
        RuleFor(o => o.ConversionMemoryMax).InclusiveBetween(128L << 20, 64L << 30);
        RuleFor(o => o.ConversionStallMax).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        RuleFor(o => o.FlushBytes).InclusiveBetween(64 << 10, 1 << 30);
        RuleFor(o => o.SharedBytesMax).InclusiveBetween(0, 64 << 10);
        RuleFor(o => o.DamagedRetention).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromDays(365));
    }
}
