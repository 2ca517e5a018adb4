using FluentValidation;

namespace PipelineService.Intake;

/// <summary>Section <c>Intake</c>: what uploads are taken.</summary>
public sealed class IntakeOptions
{
    /// <summary>
    /// Bytes of an upload's body at most; a larger one is refused with 413. Default 1 TiB, at least 1 KiB; the spool's
    /// quota (<c>Spool:QuotaBytes</c>) bounds all uploads together.
    /// </summary>
    public long BodyBytesMax { get; set; } = 1L << 40;

    /// <summary>Uploads received at once; further ones are refused with 503. Default 256, 1 to 65,536.</summary>
    public int UploadsMax { get; set; } = 256;

    /// <summary>
    /// Bytes a second that a sender must manage on average, once <see cref="BodyRateGrace"/> has passed; a slower one is
    /// refused with 408. Default 240, 1 to 1 GiB.
    /// </summary>
    public double BodyBytesPerSecondMin { get; set; } = 240;

    /// <summary>How long a sender may be slower than that. Default 10 s, 1.5 s to 1 hour.</summary>
    public TimeSpan BodyRateGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Bytes received before an upload is loaded while it still arrives; smaller uploads are loaded when they are
    /// complete. Default 1 MiB, 4 KiB to 1 GiB.
    /// </summary>
    public int LoadAfterBytes { get; set; } = 1 << 20;
}

/// <summary>The bounds of <see cref="IntakeOptions"/>.</summary>
public sealed class IntakeOptionsValidator : AbstractValidator<IntakeOptions>
{
    public IntakeOptionsValidator()
    {
        RuleFor(o => o.BodyBytesMax).GreaterThanOrEqualTo(1 << 10);
        RuleFor(o => o.UploadsMax).InclusiveBetween(1, 65_536);
        RuleFor(o => o.BodyBytesPerSecondMin).InclusiveBetween(1, 1 << 30);
        RuleFor(o => o.BodyRateGrace).InclusiveBetween(TimeSpan.FromSeconds(1.5), TimeSpan.FromHours(1));
        RuleFor(o => o.LoadAfterBytes).InclusiveBetween(4 << 10, 1 << 30);
    }
}
