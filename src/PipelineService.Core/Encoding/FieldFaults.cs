using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>Why a field cannot be compiled.</summary>
/// <param name="Place">
/// What is at fault, as a property path from the field: a constraint, or the categories; null for the field, or several constraints
/// together.
/// </param>
/// <param name="Member">0-based index of the member at fault, of an enum or of categories.</param>
/// <param name="Sentence">What is wrong, for the user to read.</param>
public readonly record struct FieldFault(string? Place, int? Member, string Sentence);

/// <summary>
/// All faults of a field, found by compiling it: with all its constraints, and if that fails with each of them alone. So the faults
/// and the encoder cannot disagree, and one fault does not hide the next.
/// </summary>
public static class FieldFaults
{
    private const string EnumPlace = $"{nameof(FieldDefinition.Constraints)}.{nameof(FieldConstraints.Enum)}";

    /// <summary>Nothing when the field can be compiled.</summary>
    public static IEnumerable<FieldFault> Of(FieldDefinition field)
    {
        FieldDefinition bare = field with { Constraints = FieldConstraints.None, Categories = [] };
        if (FieldEncoders.TryValidate(field, out string? whole))
        {
            foreach (FieldFault stranger in MembersOutsideCategories(bare, field))
            {
                yield return stranger;
            }

            yield break;
        }

        if (!FieldEncoders.TryValidate(bare, out string? fault))
        {
            yield return new(null, null, fault);
            yield break;
        }

        bool isFoundAlone = false;
        foreach ((string place, int? member, FieldConstraints alone) in EachAlone(field))
        {
            if (!FieldEncoders.TryValidate(bare with { Constraints = alone }, out fault))
            {
                isFoundAlone = true;
                yield return new(place, member, fault);
            }
        }

        if (!isFoundAlone)
        {
            yield return new(null, null, whole);
        }
    }

    /// <summary>The standard: the members of an enum must be among the categories.</summary>
    private static IEnumerable<FieldFault> MembersOutsideCategories(FieldDefinition bare, FieldDefinition field)
    {
        if (field.Categories.IsEmpty)
        {
            yield break;
        }

        ImmutableArray<string> members = field.Constraints.Enum;
        FieldEncoder categories = FieldEncoders.Create(bare with { Categories = field.Categories });
        for (int i = 0; i < members.Length; i++)
        {
            RowBuffer rows = new(initialBytes: 0);
            if (categories.Encode(BoundText.DigitsOf(System.Text.Encoding.UTF8.GetBytes(members[i])), rows) == RecordErrorCode.Enum)
            {
                yield return new(EnumPlace, i, $"enum \"{Excerpt.Of(members[i])}\" is not among the categories.");
            }
        }
    }

    private static IEnumerable<(string Place, int? Member, FieldConstraints Alone)> EachAlone(FieldDefinition field)
    {
        FieldConstraints all = field.Constraints;
        FieldConstraints none = FieldConstraints.None;
        (string, bool, FieldConstraints)[] single =
        [
            (nameof(all.Minimum), all.Minimum is not null, none with { Minimum = all.Minimum }),
            (nameof(all.Maximum), all.Maximum is not null, none with { Maximum = all.Maximum }),
            (nameof(all.ExclusiveMinimum), all.ExclusiveMinimum is not null, none with { ExclusiveMinimum = all.ExclusiveMinimum }),
            (nameof(all.ExclusiveMaximum), all.ExclusiveMaximum is not null, none with { ExclusiveMaximum = all.ExclusiveMaximum }),
            (nameof(all.MinLength), all.MinLength is not null, none with { MinLength = all.MinLength }),
            (nameof(all.MaxLength), all.MaxLength is not null, none with { MaxLength = all.MaxLength }),
            (nameof(all.Pattern), all.Pattern is not null, none with { Pattern = all.Pattern }),
            (nameof(all.JsonSchema), all.JsonSchema is not null, none with { JsonSchema = all.JsonSchema }),
        ];
        foreach ((string constraint, bool isThere, FieldConstraints alone) in single)
        {
            if (isThere)
            {
                yield return ($"{nameof(field.Constraints)}.{constraint}", null, alone);
            }
        }

        for (int i = 0; i < all.Enum.Length; i++)
        {
            yield return (EnumPlace, i, none with { Enum = [all.Enum[i]] });
        }

        for (int i = 0; i < field.Categories.Length; i++)
        {
            yield return (nameof(field.Categories), i, none with { Enum = [field.Categories[i].Value] });
        }
    }
}
