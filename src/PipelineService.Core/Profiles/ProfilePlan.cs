using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Core.Profiles;

/// <summary>What is counted of each column of the rows of a job. Immutable, shared by its sessions.</summary>
public sealed class ProfilePlan
{
    /// <summary>Of so many records one is looked at more closely.</summary>
    public const int SampleOf = 8;

    private readonly FieldDefinition[] _fields;
    private readonly bool[] _hidden;
    private readonly bool[] _remembered;

    private ProfilePlan(RowPlan rows)
    {
        QualityPolicy? quality = rows.Definition.Quality;
        _fields = [.. rows.Columns.Select(column => column.Field)];
        _hidden = [.. rows.Columns.Select(column => rows.Hidden.Contains(column.Index))];
        _remembered = [.. _fields.Select(field => quality?.Remembers(field.Name) == true)];
    }

    /// <param name="rows">The columns that are sent.</param>
    /// <returns>Null where the dataset asks for no profile.</returns>
    public static ProfilePlan? Of(RowPlan rows) => rows.Definition.IsProfiled ? new ProfilePlan(rows) : null;

    internal int Columns => _fields.Length;

    internal ImmutableArray<ColumnProfile> NewColumns() =>
        [.. _fields.Select((field, index) => ColumnProfile.Of(field, _hidden[index], _remembered[index]))];

    /// <summary>
    /// Whether a record is one of those that are looked at more closely: one of <see cref="SampleOf"/> as if by lot, and the same ones
    /// in every attempt.
    /// </summary>
    internal static bool IsSampled(long record) => ((ulong)record * 0x9E3779B97F4A7C15) >> 61 == 0;
}
