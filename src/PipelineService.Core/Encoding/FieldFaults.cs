using PipelineService.Core.Datasets;

namespace PipelineService.Core.Encoding;

/// <summary>Why a field cannot be compiled.</summary>
/// <param name="Constraint">The member of <see cref="FieldConstraints"/> at fault; null for the field, or several together.</param>
/// <param name="Member">0-based index of the member of <see cref="FieldConstraints.Enum"/> at fault.</param>
/// <param name="Sentence">What is wrong, for the user to read.</param>
public readonly record struct FieldFault(string? Constraint, int? Member, string Sentence);

/// <summary>
/// All faults of a field, found by compiling it: with all its constraints, and if that fails with each of them alone. So the faults
/// and the encoder cannot disagree, and one fault does not hide the next.
/// </summary>
public static class FieldFaults
{
    /// <summary>Nothing when the field can be compiled.</summary>
    public static IEnumerable<FieldFault> Of(FieldDefinition field)
    {
        if (FieldEncoders.TryValidate(field, out string? whole))
        {
            yield break;
        }

        if (!FieldEncoders.TryValidate(field with { Constraints = FieldConstraints.None }, out string? bare))
        {
            yield return new(null, null, bare);
            yield break;
        }

        bool isFoundAlone = false;
        foreach ((string constraint, int? member, FieldConstraints alone) in EachAlone(field.Constraints))
        {
            if (!FieldEncoders.TryValidate(field with { Constraints = alone }, out string? fault))
            {
                isFoundAlone = true;
                yield return new(constraint, member, fault);
            }
        }

        if (!isFoundAlone)
        {
            yield return new(null, null, whole);
        }
    }

    private static IEnumerable<(string Constraint, int? Member, FieldConstraints Alone)> EachAlone(FieldConstraints all)
    {
        FieldConstraints none = FieldConstraints.None;
        (string, bool, FieldConstraints)[] single =
        [
            (nameof(all.Minimum), all.Minimum is not null, none with { Minimum = all.Minimum }),
            (nameof(all.Maximum), all.Maximum is not null, none with { Maximum = all.Maximum }),
            (nameof(all.MinLength), all.MinLength is not null, none with { MinLength = all.MinLength }),
            (nameof(all.MaxLength), all.MaxLength is not null, none with { MaxLength = all.MaxLength }),
            (nameof(all.Pattern), all.Pattern is not null, none with { Pattern = all.Pattern }),
        ];
        foreach ((string constraint, bool isThere, FieldConstraints alone) in single)
        {
            if (isThere)
            {
                yield return (constraint, null, alone);
            }
        }

        for (int i = 0; i < all.Enum.Length; i++)
        {
            yield return (nameof(all.Enum), i, none with { Enum = [all.Enum[i]] });
        }
    }
}
