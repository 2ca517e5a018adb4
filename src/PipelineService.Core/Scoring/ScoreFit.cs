using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Scoring;

/// <summary>Which part of an op does not fit a model.</summary>
public enum ScorePart
{
    /// <summary>What it gives to the model, as a whole.</summary>
    Inputs,

    /// <summary>What it gives to one input or feature.</summary>
    Input,

    /// <summary>What stands for a value that is missing.</summary>
    Default,

    /// <summary>What it takes of the model.</summary>
    Target,
}

/// <summary>Why an op does not fit a model.</summary>
/// <param name="Part">The part.</param>
/// <param name="Name">The input, the default or the field that it is about; null for the whole.</param>
/// <param name="Place">0-based place in the list of fields; null for no place.</param>
/// <param name="Sentence">Why.</param>
public readonly record struct ScoreFault(ScorePart Part, string? Name, int? Place, string Sentence);

/// <summary>What somebody may have meant who mistyped a name, as a sentence to put behind another; empty where nothing is near.</summary>
public delegate string Suggest(string name, IEnumerable<string> names);

/// <summary>Holds what an op says of a model against the model.</summary>
public sealed class ScoreFit
{
    private readonly ModelSignature _model;
    private readonly ScoreUse _use;
    private readonly List<ScoreFault> _faults = [];

    /// <summary>For each input, for each value of a row, the field that gives it; null where none does.</summary>
    private readonly ScoreField?[][] _given;

    private readonly object?[][] _defaults;

    private readonly Suggest _suggest;

    private ScoreFit(ModelSignature model, ScoreUse use, Suggest suggest)
    {
        (_model, _use, _suggest) = (model, use, suggest);
        _given = [.. model.Inputs.Select(input => new ScoreField?[input.Width])];
        _defaults = [.. model.Inputs.Select(input => new object?[input.Width])];
    }

    /// <summary>Brings an op and a version of a model together.</summary>
    /// <param name="suggest">What somebody may have meant who mistyped a name.</param>
    /// <param name="faults">What does not fit; empty: all of it does.</param>
    /// <returns>What goes where; null where there are faults.</returns>
    public static ScoreLayout? Of(ModelSignature model, ScoreUse use, Suggest suggest, out ImmutableArray<ScoreFault> faults)
    {
        ScoreFit fit = new(model, use, suggest);
        foreach (ScoreArgument argument in use.Arguments)
        {
            fit.Place(argument);
        }

        foreach (ScoreDefault otherwise in use.Defaults)
        {
            fit.Place(otherwise);
        }

        fit.FindMissing();
        (ImmutableArray<ModelTensor> outputs, ImmutableArray<ScoreResult> results) = fit.Targets();
        faults = [.. fit._faults];
        return faults.IsEmpty ? new ScoreLayout([.. model.Inputs.Select((tensor, i) => fit.InputOf(tensor, i))], outputs, results) : null;
    }

    private void Place(ScoreArgument argument)
    {
        int input = IndexOf(argument.Name);
        if (input >= 0)
        {
            PlaceInput(argument, input);
            return;
        }

        int feature = _model.Features.IndexOf(argument.Name);
        if (feature < 0)
        {
            Add(
                ScorePart.Input, argument.Name, null,
                $"The model has no input \"{Excerpt.Of(argument.Name)}\".{_suggest(argument.Name, Names)} It takes "
                    + $"{ScoreKinds.Named(_model.Inputs)}"
                + $"{(_model.Features.IsEmpty ? "" : $", with the features {ScoreKinds.Listed(_model.Features)}")}.");
        }
        else if (argument.IsList)
        {
            Add(ScorePart.Input, argument.Name, null, "A feature is one value: name one field.");
        }
        else
        {
            Give(argument, 0, argument.Fields[0], feature);
        }

        void Give(ScoreArgument to, int input, ScoreField field, int column)
        {
            Check(to, field, null, _model.Inputs[input]);
            if (_given[input][column] is not null)
            {
                Add(ScorePart.Input, to.Name, null, "Is given twice: by the list of the input, and by its name.");
            }

            _given[input][column] = field;
        }
    }

    private void PlaceInput(ScoreArgument argument, int input)
    {
        ModelTensor tensor = _model.Inputs[input];
        if (argument.Fields.Length != tensor.Width)
        {
            Add(
                ScorePart.Input, argument.Name, null,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{tensor} takes {tensor.Width} values a record, and {argument.Fields.Length} are given: list the fields in the "
                        + $"order of the model's features."));
            return;
        }

        for (int i = 0; i < tensor.Width; i++)
        {
            Check(argument, argument.Fields[i], argument.IsList ? i : null, tensor);
            _given[input][i] ??= argument.Fields[i];
        }
    }

    private void Check(ScoreArgument argument, ScoreField field, int? place, ModelTensor tensor)
    {
        if (field.Kind is not { } kind)
        {
            return; // told by whoever knows the field
        }

        if (!ScoreKinds.Takes(tensor.Kind, kind))
        {
            Add(
                ScorePart.Input, argument.Name, place,
                $"{tensor} takes no values of \"{Excerpt.Of(field.Name)}\", which {ScoreKinds.WordOf(kind)}: derive a field that does "
                    + "before this op.");
        }
    }

    private void Place(ScoreDefault otherwise)
    {
        List<(int Input, int Column)> places = [];
        int input = IndexOf(otherwise.Name);
        if (input >= 0)
        {
            places.AddRange(Enumerable.Range(0, _model.Inputs[input].Width).Select(column => (input, column)));
        }
        else if (_model.Features.IndexOf(otherwise.Name) is int feature and >= 0)
        {
            places.Add((0, feature));
        }
        else
        {
            places.AddRange(
                from i in Enumerable.Range(0, _given.Length)
                from column in Enumerable.Range(0, _given[i].Length)
                where _given[i][column]?.Name == otherwise.Name
                select (i, column));
        }

        if (places.Count == 0)
        {
            Add(
                ScorePart.Default, otherwise.Name, null,
                $"\"{Excerpt.Of(otherwise.Name)}\" is neither an input or a feature of the model nor a field that is given to it."
                + _suggest(otherwise.Name, Names.Concat(_use.Arguments.SelectMany(a => a.Fields).Select(f => f.Name))));
            return;
        }

        if (places.Select(place => ScoreKinds.FaultOf(otherwise.Value, _model.Inputs[place.Input])).OfType<string>()
            .FirstOrDefault() is { } fault)
        {
            Add(ScorePart.Default, otherwise.Name, null, fault);
            return;
        }

        foreach ((int i, int column) in places)
        {
            bool isNaN = ScoreKinds.IsNaN(otherwise.Value) && _model.Inputs[i].Kind != TensorKind.Text;
            _defaults[i][column] ??= isNaN ? double.NaN : otherwise.Value;
        }
    }

    /// <summary>What is given under a name that there is not may be what is missing: then that is told alone.</summary>
    private void FindMissing()
    {
        string[] missing =
        [
            .. from i in Enumerable.Range(0, _given.Length)
               from column in Enumerable.Range(0, _given[i].Length)
               where _given[i][column] is null && _defaults[i][column] is null
               select i == 0 && !_model.Features.IsEmpty ? $"\"{Excerpt.Of(_model.Features[column])}\"" : _model.Inputs[i].ToString(),
        ];
        if (missing.Length > 0 && !_faults.Exists(fault => fault.Part == ScorePart.Input))
        {
            Add(
                ScorePart.Inputs, null, null,
                $"Lacks {ScoreKinds.Listed(missing.Distinct())}: the model needs a field for each, or a value under \"defaults\" that "
                    + "stands for all records.");
        }
    }

    private (ImmutableArray<ModelTensor> Outputs, ImmutableArray<ScoreResult> Results) Targets()
    {
        List<ModelTensor> outputs = [];
        List<ScoreResult> results = [];
        foreach (ScoreTarget target in _use.Targets)
        {
            if (ScoreOutputs.Find(_model, target.Output, _suggest, out string? fault) is not { } found)
            {
                Add(ScorePart.Target, target.Name, null, fault!);
                continue;
            }

            ImmutableArray<TypedKind> kinds = ScoreKinds.Of(found.Output.Kind);
            TypedKind kind = target.Kind ?? kinds[0];
            if (!kinds.Contains(kind))
            {
                Add(
                    ScorePart.Target, target.Name, null,
                    $"{found.Output} gives no value that \"{Excerpt.Of(target.Name)}\" can take, which {ScoreKinds.WordOf(kind)}.");
                continue;
            }

            if (!outputs.Contains(found.Output))
            {
                outputs.Add(found.Output);
            }

            results.Add(new ScoreResult(outputs.IndexOf(found.Output), found.Place, target.Field, kind));
        }

        return ([.. outputs], [.. results]);
    }

    private ScoreInput InputOf(ModelTensor tensor, int input) =>
        new(tensor, [.. Enumerable.Range(0, tensor.Width).Select(column => ColumnOf(_given[input][column], _defaults[input][column]))]);

    private static ScoreColumn ColumnOf(ScoreField? field, object? otherwise) => new(
        field?.Field ?? ScoreColumn.Constant,
        field?.Kind ?? TypedKind.Null,
        otherwise is not null,
        otherwise switch
        {
            double number => number,
            true => 1,
            _ => 0,
        },
        otherwise is string text ? TextSlice.Of(text) : default);

    private IEnumerable<string> Names => _model.Inputs.Select(tensor => tensor.Name).Concat(_model.Features);

    private int IndexOf(string name)
    {
        for (int i = 0; i < _model.Inputs.Length; i++)
        {
            if (_model.Inputs[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    private void Add(ScorePart part, string? name, int? place, string sentence) => _faults.Add(new ScoreFault(part, name, place, sentence));
}
