using System.Text.RegularExpressions;

namespace PipelineService.Tests.Repository;

/// <summary>
/// Data goes forward through the stages, and so do the arrows of the code: Hosting, Access and Datasets lie under all, then Intake →
/// Jobs → Spool → Transform → Write. A stage uses the one after it. Events and Figures tell of all of it, and Sources brings what nobody has
/// sent: nobody knows of them. What is used of others is named here, type by type, so that a new arrow is a decision and a circle fails the
/// build.
/// </summary>
public sealed partial class ArrowTests
{
    private static readonly string[] Stages = ["Intake", "Jobs", "Spool", "Transform", "Write"];

    private static readonly string[] Tellers = ["Events", "Figures"];

    private const string Bringer = "Sources";

    private static readonly string[] Foundations = ["Hosting", "Access", "Datasets"]; // each uses those before it

    /// <summary>
    /// What skips a stage. Intake puts bytes where Spool keeps them. Jobs runs the load: it opens and ends what the stages
    /// between share, and never touches a chunk.
    /// </summary>
    private static readonly Dictionary<(string From, string To), string[]> Skipping = new()
    {
        [("Intake", "Spool")] =
        [
            "ContentCoding", "ContentCodings", "ISpool", "SpoolFullException", "SpoolManifest", "SpoolOptions", "SpoolUnavailableException", "SpoolWriter", "SpooledBytes",
            "UploadCodings",
        ],
        [("Jobs", "Transform")] = ["BoundLookups", "ByteKeys", "ChunkChannel", "EnrichmentAwaitedException", "LookupBinder", "ServiceClients", "TransformOptions"],
        [("Jobs", "Write")] =
        [
            "ChunkTooSlowException", "JobLoad", "JobLoadPlan", "JobTakenOverException", "KeyFilter", "RejectForecast",
            "RejectLimitException", "ReplacedJob", "ReplacementTarget", "RowTarget", "RowTargets", "SessionBrokenException",
            "ReplaceSql", "SessionBudget", "SessionReservation", "SharedOutcome", "SharedTransaction", "TableHeldException", "TargetProblems", "WholeTableTarget",
            "WriteOptions", "WriteSession", "WriteSql",
        ],
        [("Events", "Jobs")] = ["JobEndpoints", "JobProblems", "JobQueries", "JobRow", "JobView", "LiveJobs"],
        [("Events", "Spool")] = ["GrowthSignal"],
        [("Figures", "Jobs")] = ["RecordsView"], // records are counted as jobs count them
        [(Bringer, "Intake")] = ["FoundIntake", "FoundUpload", "IntakeOptions", "UploadCharset", "UploadContentType", "UploadProblems", "UploadRefusedException", "UploadRequest"],
        [(Bringer, "Jobs")] = ["Faults", "InstanceLeases", "JobRow", "JobSql"],
        [(Bringer, "Spool")] = ["GrowthSignal", "ISpool"],
    };

    private static readonly Source[] Sources =
        [.. RepositoryFiles.Below(RepositoryFiles.Service, "*.cs").Select(file => new Source(file.Path, file.Text))];

    [Fact]
    public void No_stage_uses_one_before_it() => Assert.Empty(
        from arrow in Arrows()
        where Stages.IndexOf(arrow.To) >= 0 && Stages.IndexOf(arrow.To) < Stages.IndexOf(arrow.From)
        select $"{arrow.File} uses {arrow.To}");

    [Fact]
    public void What_lies_under_the_stages_uses_none_of_them() => Assert.Empty(
        from arrow in Arrows()
        where Foundations.Contains(arrow.From)
            && (Stages.Contains(arrow.To) || Foundations.IndexOf(arrow.To) > Foundations.IndexOf(arrow.From))
        select $"{arrow.File} uses {arrow.To}");

    [Fact]
    public void Nobody_knows_who_is_told_or_who_brings() => Assert.Empty(
        from arrow in Arrows()
        where Tellers.Contains(arrow.To) || arrow.To == Bringer
        select $"{arrow.File} uses {arrow.To}");

    [Fact]
    public void What_skips_a_stage_uses_only_what_is_told_here() => Assert.Empty(
        from arrow in Arrows()
        where Tellers.Contains(arrow.From) || arrow.From == Bringer ? Stages.Contains(arrow.To)
            : Stages.IndexOf(arrow.From) >= 0 && Stages.IndexOf(arrow.To) > Stages.IndexOf(arrow.From) + 1
        from type in TypesOf(arrow.To).Intersect(arrow.Words)
        where !Skipping.GetValueOrDefault((arrow.From, arrow.To), []).Contains(type)
        select $"{arrow.File} uses {arrow.To}'s {type}");

    [Fact]
    public void What_is_told_here_is_still_used() => Assert.Empty(
        from pair in Skipping
        from type in pair.Value
        where !Arrows().Any(arrow => (arrow.From, arrow.To) == pair.Key && arrow.Words.Contains(type))
        select $"{pair.Key.From} no longer uses {type}");

    private static IEnumerable<Arrow> Arrows() =>
        from source in Sources
        where source.Room is not null
        from to in source.Uses
        where to != source.Room
        select new Arrow(source.Path, source.Room!, to, source.Words);

    private static HashSet<string> TypesOf(string room) =>
        [.. Sources.Where(source => source.Room == room).SelectMany(source => source.Types)];

    private sealed record Arrow(string File, string From, string To, IReadOnlySet<string> Words);

    /// <summary>A file by what stands in it: an unused using fails the build, so that those there are show what is used.</summary>
    private sealed class Source(string path, string text)
    {
        private readonly string _code = Comment().Replace(text, "");

        public string Path { get; } = path;

        /// <summary>The first folder; null at the top, where the table of contents lies.</summary>
        public string? Room => Path.Replace('\\', '/').Split('/') is [string room, _, ..] ? room : null;

        public IEnumerable<string> Uses => Rooms().Matches(_code).Select(match => match.Groups[1].Value).Distinct();

        public IReadOnlySet<string> Words => Word().Matches(_code).Select(match => match.Value).ToHashSet();

        public IEnumerable<string> Types => Declaration().Matches(_code).Select(match => match.Groups[1].Value);
    }

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^using (?:static |\w+ = )?PipelineService\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex Rooms();

    [GeneratedRegex(@"(?<!\.)\b[A-Z]\w+\b")]
    private static partial Regex Word();

    [GeneratedRegex(@"^(?:public|internal) [\w ]*?(?:class|struct|record|interface|enum) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
