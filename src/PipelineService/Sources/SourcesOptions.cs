using FluentValidation;
using PipelineService.Sources.Buckets;
using PipelineService.Sources.Queues;

namespace PipelineService.Sources;

/// <summary>Section <c>Sources</c>: where uploads may be taken from without anybody sending them.</summary>
public sealed class SourcesOptions
{
    public const string Section = "Sources";

    /// <summary>
    /// Folders of this machine in which, and below which, sources may watch: names and absolute paths, such as
    /// <c>Sources:Folders:incoming=/data/incoming</c>. Default none: nobody can have the service read a folder that is not named here.
    /// </summary>
    public Dictionary<string, string> Folders { get; init; } = [];

    /// <summary>
    /// S3-compatible stores of whose buckets sources may be, each a section with a name of its own, such as
    /// <c>Sources:Stores:minio:Endpoint</c>. Default none.
    /// </summary>
    public Dictionary<string, StoreOptions> Stores { get; init; } = [];

    /// <summary>
    /// Brokers of whose streams of messages sources may be, each a section with a name of its own, such as
    /// <c>Sources:Brokers:nats:Address</c>. Default none.
    /// </summary>
    public Dictionary<string, BrokerOptions> Brokers { get; init; } = [];

    /// <summary>Sources that there may be. Default 100, range 1 to 1000. Each that is not paused is a task of one instance.</summary>
    public int SourcesMax { get; init; } = 100;

    /// <summary>
    /// How often an instance looks whether sources were declared, changed or paused elsewhere, and whether one is looked after by nobody.
    /// Default 2 s, range 100 ms to 1 minute. One small query each time, and none while there is nothing that sources could be of.
    /// </summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long an object is remembered that was moved or deleted after it was taken: put there again unchanged within that time, it is not
    /// loaded again. Default 90 days, 1 to 3,650 days. What a source leaves where it is, is remembered for as long as the source is there.
    /// </summary>
    public TimeSpan RememberFor { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Whether there is anything that sources could be of.</summary>
    internal bool AreOn => Folders.Count + Stores.Count + Brokers.Count > 0;
}

/// <summary>The bounds of <see cref="SourcesOptions"/>.</summary>
internal sealed class SourcesOptionsValidator : AbstractValidator<SourcesOptions>
{
    private const int NameLengthMax = 63;
    private const string NameFault = "its name has up to 63 letters, digits, _ and -.";

    public SourcesOptionsValidator()
    {
        RuleFor(o => o.SourcesMax).InclusiveBetween(1, 1000);
        RuleFor(o => o.PollInterval).InclusiveBetween(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        RuleFor(o => o.RememberFor).InclusiveBetween(TimeSpan.FromDays(1), TimeSpan.FromDays(3_650));
        RuleFor(o => o.Folders).Custom((folders, faults) =>
        {
            foreach ((string name, string path) in folders)
            {
                if (!IsName(name))
                {
                    faults.AddFailure($"{nameof(SourcesOptions.Folders)}.{name}", NameFault);
                }

                if (!Path.IsPathFullyQualified(path) || Path.GetPathRoot(path) == path)
                {
                    faults.AddFailure(
                        $"{nameof(SourcesOptions.Folders)}.{name}", "must be the absolute path of a folder, and not all of a disk.");
                }
            }
        });
        RuleFor(o => o.Stores).Custom((stores, faults) => AddFaults(faults, nameof(SourcesOptions.Stores), stores, StoreFaults.Of));
        RuleFor(o => o.Brokers).Custom((brokers, faults) => AddFaults(faults, nameof(SourcesOptions.Brokers), brokers, BrokerFaults.Of));
    }

    private static void AddFaults<T>(
        ValidationContext<SourcesOptions> faults, string section, Dictionary<string, T> named,
        Func<T, IEnumerable<(string Setting, string Fault)>> faultsOf)
    {
        foreach ((string name, T options) in named)
        {
            string place = $"{section}.{name}";
            if (!IsName(name))
            {
                faults.AddFailure(place, NameFault);
            }

            foreach ((string setting, string fault) in faultsOf(options))
            {
                faults.AddFailure($"{place}.{setting}", fault);
            }
        }
    }

    private static bool IsName(string name) =>
        name.Length <= NameLengthMax && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}
