using FluentValidation;

namespace PipelineService.Access.Limits;

/// <summary>
/// Section <c>Limits</c>: how much each key, tenant and dataset may send to an instance, where nothing else was said of it. By default
/// nobody has a limit.
/// </summary>
public sealed class LimitsOptions
{
    public const string Section = "Limits";

    /// <summary>
    /// Calls of one key, or of one subject of a token: so many at once, and as many a minute in the long run. Who comes without any is one
    /// caller; <c>Access:AdminKey</c> has no limit. Default none, 1 to 10,000,000.
    /// </summary>
    public int? KeyRequestsPerMinute { get; set; }

    /// <summary>Bytes of the uploads of one key, as they are sent: the same. Default none, 1 KiB to 1 PiB.</summary>
    public long? KeyBytesPerMinute { get; set; }

    /// <summary>Uploads of one key that arrive at once. Default none, 1 to 65,536.</summary>
    public int? KeyUploadsAtOnce { get; set; }

    /// <summary>Calls of all callers of one tenant together. Default none, 1 to 10,000,000.</summary>
    public int? TenantRequestsPerMinute { get; set; }

    /// <summary>Bytes of the uploads of all callers of one tenant. Default none, 1 KiB to 1 PiB.</summary>
    public long? TenantBytesPerMinute { get; set; }

    /// <summary>Uploads of all callers of one tenant that arrive at once. Default none, 1 to 65,536.</summary>
    public int? TenantUploadsAtOnce { get; set; }

    /// <summary>Uploads for one dataset, whoever sends them. Default none, 1 to 10,000,000.</summary>
    public int? DatasetRequestsPerMinute { get; set; }

    /// <summary>Bytes of the uploads for one dataset. Default none, 1 KiB to 1 PiB.</summary>
    public long? DatasetBytesPerMinute { get; set; }

    /// <summary>Uploads for one dataset that arrive at once. Default none, 1 to 65,536.</summary>
    public int? DatasetUploadsAtOnce { get; set; }

    internal CallLimits OfKeys => new(KeyRequestsPerMinute, KeyBytesPerMinute, KeyUploadsAtOnce);

    internal CallLimits OfTenants => new(TenantRequestsPerMinute, TenantBytesPerMinute, TenantUploadsAtOnce);

    internal CallLimits OfDatasets => new(DatasetRequestsPerMinute, DatasetBytesPerMinute, DatasetUploadsAtOnce);
}

/// <summary>The bounds of <see cref="LimitsOptions"/>, which are those of limits that are said by calls, too.</summary>
internal sealed class LimitsOptionsValidator : AbstractValidator<LimitsOptions>
{
    public const int RequestsMax = 10_000_000;
    public const long BytesMin = 1L << 10;
    public const long BytesMax = 1L << 50;
    public const int UploadsMax = 65_536;

    public LimitsOptionsValidator()
    {
        RuleFor(o => o.KeyRequestsPerMinute).InclusiveBetween(1, RequestsMax);
        RuleFor(o => o.TenantRequestsPerMinute).InclusiveBetween(1, RequestsMax);
        RuleFor(o => o.DatasetRequestsPerMinute).InclusiveBetween(1, RequestsMax);
        RuleFor(o => o.KeyBytesPerMinute).InclusiveBetween(BytesMin, BytesMax);
        RuleFor(o => o.TenantBytesPerMinute).InclusiveBetween(BytesMin, BytesMax);
        RuleFor(o => o.DatasetBytesPerMinute).InclusiveBetween(BytesMin, BytesMax);
        RuleFor(o => o.KeyUploadsAtOnce).InclusiveBetween(1, UploadsMax);
        RuleFor(o => o.TenantUploadsAtOnce).InclusiveBetween(1, UploadsMax);
        RuleFor(o => o.DatasetUploadsAtOnce).InclusiveBetween(1, UploadsMax);
    }
}
